import type { Model } from "../api/client";
import { metric, significant } from "../format/format";
import { is_score } from "../format/judged";

export interface CompareRow {
  /** Place in the spec ("solver.base_lr"), or "best.NAME". */
  place: string;
  values: (string | number | null)[];
  differs: boolean;
  /** Of a metric: its best value is the lowest. */
  lowest?: boolean;
}

/** Every value of a spec by its place: lists and missing values in one piece, a network's text by its length. */
export function flatten(value: unknown, place = ""): Map<string, string | number> {
  const found = new Map<string, string | number>();
  if (value === null || value === undefined) return found;
  if (typeof value !== "object" || Array.isArray(value)) {
    if (Array.isArray(value)) {
      if (value.length > 0) found.set(place, value.map(in_words).join(", "));
    } else if (typeof value === "number") found.set(place, value);
    else found.set(place, place.endsWith("prototxt") ? text_mark(String(value)) : String(value));
    return found;
  }
  for (const [name, part] of Object.entries(value))
    for (const [inner, one] of flatten(part, place === "" ? name : `${place}.${name}`)) found.set(inner, one);
  return found;
}

/** An entry of a list; of an object what it holds, not where. */
function in_words(entry: unknown): string {
  return entry !== null && typeof entry === "object" ? Object.values(entry).map(String).join(" ") : String(entry);
}

/** Different texts read differently, without the text. */
function text_mark(text: string): string {
  let sum = 7;
  for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) >>> 0;
  return `${text.split("\n").length} lines, #${sum.toString(16).padStart(8, "0").slice(0, 6)}`;
}

const job_id = /\b\d{8}-\d{6}-[0-9a-f]{4}\b/g;

/** Spec values and best metrics of the models side by side; `names`: of jobs by id. */
export function compare_rows(models: Model[], names: Map<string, string>): CompareRow[] {
  const specs = models.map(({ job }) => flatten(job.spec));
  const best = models.map(({ job }) => flatten(job.best, "best"));
  const rows = (columns: Map<string, string | number>[]) =>
    [...new Set(columns.flatMap((column) => [...column.keys()]))].map((place) => {
      const values = columns.map((column) => {
        const value = column.get(place) ?? null;
        return typeof value === "string" ? value.replace(job_id, (id) => names.get(id) ?? id) : value;
      });
      return { place, values, differs: values.some((value) => value !== values[0]) };
    });
  const falling = new Set(models.flatMap(({ job }) => (job.lower_is_better ?? []).map((name) => `best.${name}`)));
  return [...rows(best).map((row) => ({ ...row, lowest: falling.has(row.place) })), ...rows(specs)];
}

export function show_value(place: string, value: string | number | null): string {
  if (value === null) return "";
  if (typeof value !== "number") return value;
  return place.startsWith("best.") ? metric(place, value) : significant(value, 6);
}

/** Which of the models is best in a row of metrics: the highest score, the lowest of what falls; null where that says nothing. */
export function winner(row: CompareRow): number | null {
  const lowest = row.lowest === true;
  if (!row.differs || !(lowest || is_score(row.place)) || !row.place.startsWith("best.")) return null;
  let at: number | null = null;
  row.values.forEach((value, i) => {
    if (typeof value !== "number") return;
    const known = at === null ? null : (row.values[at] as number);
    if (known === null || (lowest ? value < known : value > known)) at = i;
  });
  return at;
}
