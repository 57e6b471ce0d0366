/** One number, or word, of an answer and where it is in it: `output[2]`. */
export type NumberRow = [place: string, value: string | number];

/** An output of a network: it is its name and values, its shape says how they are arranged. */
function is_output(part: unknown): part is { name: string; values: unknown[] } {
  const { name, values } = (part ?? {}) as { name?: unknown; values?: unknown };
  return typeof name === "string" && Array.isArray(values);
}

/** Everything in `value` as rows, in its order; `without` names members of the outermost object to leave out. */
export function numbers_of(value: unknown, without: readonly string[] = []): NumberRow[] {
  const rows: NumberRow[] = [];
  const walk = (part: unknown, place: string) => {
    if (part === null || part === undefined) return;
    if (Array.isArray(part)) {
      part.forEach((one, i) => {
        walk(one, `${place}[${i}]`);
      });
    } else if (is_output(part)) {
      walk(part.values, part.name);
    } else if (typeof part === "object") {
      for (const [name, one] of Object.entries(part)) walk(one, place === "" ? name : `${place}.${name}`);
    } else if (typeof part === "number") rows.push([place, part]);
    else rows.push([place, String(part)]);
  };
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    for (const [name, part] of Object.entries(value)) if (!without.includes(name)) walk(part, name);
  } else walk(value, "value");
  return rows;
}

/**
 * The numbers of an answer: those of its first output by the names of the dataset's numbers, where there is one for
 * each. `without` as above.
 */
export function answer_numbers(answer: Record<string, unknown>, without: readonly string[]): NumberRow[] {
  const { names, outputs } = answer;
  const first: unknown = Array.isArray(outputs) ? outputs[0] : null;
  const rest = [...without, "names"];
  if (!Array.isArray(names) || names.length === 0 || !is_output(first) || names.length !== first.values.length)
    return numbers_of(answer, rest);
  const named = names.map((name, i): NumberRow => [String(name), value_at(first.values[i])]);
  return [...named, ...numbers_of({ ...answer, outputs: (outputs as unknown[]).slice(1) }, rest)];
}

/** JSON has no word for what is not a number. */
function value_at(value: unknown): string | number {
  return typeof value === "number" ? value : "NaN";
}
