import type { Job, JobKind } from "../api/client";
import type { TextKey } from "../text/text";

/** The kinds that the home page lists; exports stand on the pages of their datasets. */
export type ListedKind = Exclude<JobKind, "export">;

/** Where the page of a job is; of an export that of its dataset. */
export function job_path({ kind, id, parents }: Pick<Job, "kind" | "id"> & Partial<Pick<Job, "parents">>): string {
  if (kind === "export" && parents?.[0]) return `/datasets/${parents[0]}?tab=export`;
  return kind === "pretrained" ? `/pretrained/${id}` : `/${kind}s/${id}`;
}

/** What many of a kind are called. */
export const kind_words: Record<JobKind, TextKey> = {
  dataset: "kind.datasets",
  model: "kind.models",
  evaluation: "kind.evaluations",
  pretrained: "kind.pretrained_models",
  export: "kind.exports",
};
