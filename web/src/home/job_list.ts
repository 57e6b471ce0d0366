import type { Job, JobKind } from "../api/client";
import { seconds_between } from "../format/format";
import { judged, judges_of } from "../format/judged";

/** What the list of jobs shows and in which order: no pages here, only data. */

export interface ListContext {
  /** Names of datasets by id. */
  names: Map<string, string>;
  now: number;
}

const plain = ["state", "dataset", "created", "finished", "took", "owner", "notes", "judged"] as const;
export type PlainColumn = (typeof plain)[number];

const default_columns: Record<JobKind, string[]> = {
  model: ["state", "best.accuracy", "best.loss", "dataset", "created", "took"],
  dataset: ["state", "created", "took"],
  evaluation: ["state", "best.accuracy", "created", "took"],
  pretrained: ["state", "created", "notes"],
  export: ["state", "created", "took"],
  publication: ["state", "created", "took"],
};

/** The columns of a kind until somebody chooses others, with the metric by which these jobs are judged; of several tasks that of each. */
export function first_columns(jobs: Job[], kind: JobKind): string[] {
  const columns = default_columns[kind];
  const judges = new Set(jobs.flatMap(({ best }) => judges_of(best).slice(0, 1)));
  if (judges.size === 0) return columns;
  const [only] = judges;
  return columns.map((column) => (column !== "best.accuracy" ? column : judges.size > 1 ? "judged" : `best.${only}`));
}

/** Every column that these jobs have something for: fixed ones, then `best.NAME` and `last.SERIES`. */
export function columns_of(jobs: Job[], kind: JobKind): string[] {
  const best = new Set<string>(kind === "model" ? ["accuracy", "loss"] : kind === "evaluation" ? ["accuracy"] : []);
  const last = new Set<string>();
  for (const job of jobs) {
    for (const name in job.best as Record<string, number> | null) best.add(name);
    for (const name in job.last) last.add(name);
  }
  return [
    ...plain.filter(
      (column) =>
        (kind === "model" || column !== "dataset") &&
        (kind === "model" || kind === "evaluation" || column !== "judged"),
    ),
    ...[...best].sort().map((name) => `best.${name}`),
    ...[...last].sort().map((name) => `last.${name}`),
  ];
}

export function is_plain(column: string): column is PlainColumn {
  return (plain as readonly string[]).includes(column);
}

/** `best.accuracy` → "accuracy". */
export function metric_of(column: string): string {
  return column.slice(column.indexOf(".") + 1);
}

export function value_of(job: Job, column: string, { names, now }: ListContext): string | number | null {
  switch (column) {
    case "name":
      return job.name;
    case "state":
      return job.state;
    case "dataset":
      return names.get(job.parents[0] ?? "") ?? null;
    case "created":
      return job.created_at;
    case "finished":
      return job.finished_at;
    case "took":
      return seconds_between(job.started_at, job.finished_at, now);
    case "owner":
      return job.owner || null;
    case "judged":
      return judged(job.best)?.value ?? null;
    case "notes":
      return job.notes || null;
  }
  if (column.startsWith("best.")) return (job.best as Record<string, number> | null)?.[metric_of(column)] ?? null;
  return job.last[metric_of(column)] ?? null;
}

/** Jobs in which every word is found, in name, group, owner, notes, id or the dataset's name. */
export function filter_jobs(jobs: Job[], query: string, names: Map<string, string>): Job[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return jobs;
  return jobs.filter((job) => {
    const text =
      `${job.name}\n${job.group}\n${job.owner}\n${job.notes}\n${job.id}\n${names.get(job.parents[0] ?? "") ?? ""}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

const by_words = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** `sort` is a column, with `-` before it for the largest first; what has no value comes last either way. */
export function sort_jobs(jobs: Job[], sort: string, context: ListContext): Job[] {
  const descending = sort.startsWith("-");
  const column = descending ? sort.slice(1) : sort;
  const sign = descending ? -1 : 1;
  const as_words = column === "name" || column === "dataset" || column === "owner" || column === "notes";
  const keyed = jobs.map((job) => ({ job, key: value_of(job, column, context) }));
  keyed.sort((a, b) => {
    if (a.key === b.key) return b.job.id < a.job.id ? -1 : 1;
    if (a.key === null) return 1;
    if (b.key === null) return -1;
    if (as_words) return sign * by_words.compare(String(a.key), String(b.key));
    return a.key < b.key ? -sign : sign;
  });
  return keyed.map(({ job }) => job);
}

export type Row = { type: "group"; name: string; jobs: Job[]; open: boolean } | { type: "job"; job: Job };

/** Sorted jobs under their groups, each group where its first job stands, those of no group last. One group only: no heads. */
export function rows_of(sorted: Job[], grouped: boolean, collapsed: ReadonlySet<string>): Row[] {
  if (!grouped || sorted.every((job) => job.group === "")) return sorted.map((job) => ({ type: "job", job }));
  const groups = new Map<string, Job[]>();
  for (const job of sorted) {
    const known = groups.get(job.group);
    if (known) known.push(job);
    else groups.set(job.group, [job]);
  }
  const loose = groups.get("");
  groups.delete("");
  if (loose) groups.set("", loose);
  const rows: Row[] = [];
  for (const [name, jobs] of groups) {
    const open = !collapsed.has(name);
    rows.push({ type: "group", name, jobs, open });
    if (open) for (const job of jobs) rows.push({ type: "job", job });
  }
  return rows;
}

/** The ids from one to another in the order shown, both included; only `to` when `from` is not shown. */
export function range_of(order: string[], from: string | null, to: string): string[] {
  const a = from === null ? -1 : order.indexOf(from);
  const b = order.indexOf(to);
  if (b < 0) return [];
  if (a < 0) return [to];
  return order.slice(Math.min(a, b), Math.max(a, b) + 1);
}

/** Jobs that were made from one of `chosen` and are not chosen themselves. */
export function dependents_of(chosen: ReadonlySet<string>, jobs: Job[]): Job[] {
  return jobs.filter((job) => !chosen.has(job.id) && job.parents.some((parent) => chosen.has(parent)));
}
