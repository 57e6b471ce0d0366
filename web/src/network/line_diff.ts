export interface DiffLine {
  kind: "same" | "removed" | "added" | "gap";
  text: string;
}

/** What changed between two texts, line by line, with some lines around each change; a gap stands for the others. */
export function line_diff(before: string, after: string, context = 3): DiffLine[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let [old_end, now_end] = [old.length, now.length];
  while (old_end > start && now_end > start && old[old_end - 1] === now[now_end - 1]) {
    old_end -= 1;
    now_end -= 1;
  }
  const lines: DiffLine[] = [
    ...old.slice(0, start).map((text): DiffLine => ({ kind: "same", text })),
    ...middle(old.slice(start, old_end), now.slice(start, now_end)),
    ...old.slice(old_end).map((text): DiffLine => ({ kind: "same", text })),
  ];
  const near = lines.map(() => false);
  for (const [i, { kind }] of lines.entries())
    if (kind !== "same")
      for (let k = Math.max(0, i - context); k <= Math.min(lines.length - 1, i + context); k += 1) near[k] = true;
  return lines.flatMap((line, i): DiffLine[] =>
    near[i] ? [line] : i > 0 && !near[i - 1] ? [] : [{ kind: "gap", text: "" }],
  );
}

/** By the longest common subsequence; a part that is too large for it is shown as replaced. */
function middle(old: string[], now: string[]): DiffLine[] {
  const replaced = (): DiffLine[] => [
    ...old.map((text): DiffLine => ({ kind: "removed", text })),
    ...now.map((text): DiffLine => ({ kind: "added", text })),
  ];
  if (old.length * now.length > 4_000_000) return replaced();
  const width = now.length + 1;
  const longest = new Uint32Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1)
    for (let j = now.length - 1; j >= 0; j -= 1)
      longest[i * width + j] =
        old[i] === now[j]
          ? longest[(i + 1) * width + j + 1]! + 1
          : Math.max(longest[(i + 1) * width + j]!, longest[i * width + j + 1]!);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push({ kind: "same", text: old[i]! });
      i += 1;
      j += 1;
    } else if (j === now.length || (i < old.length && longest[(i + 1) * width + j]! >= longest[i * width + j + 1]!)) {
      lines.push({ kind: "removed", text: old[i]! });
      i += 1;
    } else {
      lines.push({ kind: "added", text: now[j]! });
      j += 1;
    }
  }
  return lines;
}
