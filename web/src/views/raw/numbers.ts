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
