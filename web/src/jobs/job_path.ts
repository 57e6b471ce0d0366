import type { Job, JobKind } from "../api/client";
import type { TextKey } from "../text/text";

/** The kinds that the home page lists; exports and publications stand on the pages of their datasets and models. */
export type ListedKind = Exclude<JobKind, "export" | "publication">;

/** Where the page of a job is; of an export that of its dataset, of a publication that of its model. */
export function job_path({ kind, id, parents }: Pick<Job, "kind" | "id"> & Partial<Pick<Job, "parents">>): string {
  if (kind === "export" && parents?.[0]) return `/datasets/${parents[0]}?tab=export`;
  if (kind === "publication" && parents?.[0]) return `/models/${parents[0]}?show=publish`;
  return kind === "pretrained" ? `/pretrained/${id}` : `/${kind}s/${id}`;
}

/** What many of a kind are called. */
export const kind_words: Record<JobKind, TextKey> = {
  dataset: "kind.datasets",
  model: "kind.models",
  evaluation: "kind.evaluations",
  pretrained: "kind.pretrained_models",
  export: "kind.exports",
  publication: "kind.publications",
};
