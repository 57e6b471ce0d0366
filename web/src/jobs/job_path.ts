import type { Job, JobKind } from "../api/client";
import type { TextKey } from "../text/text";

/** Where the page of a job is. */
export function job_path({ kind, id }: Pick<Job, "kind" | "id">): string {
  return kind === "pretrained" ? `/pretrained/${id}` : `/${kind}s/${id}`;
}

/** What many of a kind are called. */
export const kind_words: Record<JobKind, TextKey> = {
  dataset: "kind.datasets",
  model: "kind.models",
  evaluation: "kind.evaluations",
  pretrained: "kind.pretrained_models",
};
