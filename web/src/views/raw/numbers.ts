/** One number, or word, of an answer and where it is in it: `output[2]`. */
export type NumberRow = [place: string, value: string | number];

/** Everything in `value` as rows, in its order; `without` names members of the outermost object to leave out. */
export function numbers_of(value: unknown, without: readonly string[] = []): NumberRow[] {
  const rows: NumberRow[] = [];
  const walk = (part: unknown, place: string) => {
    if (part === null || part === undefined) return;
    if (Array.isArray(part)) {
      part.forEach((one, i) => {
        walk(one, `${place}[${i}]`);
      });
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
