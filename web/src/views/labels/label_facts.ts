import type { Sample } from "../view";

/** How many of the samples have each label. */
export function label_counts(samples: readonly Sample[], labels: readonly string[]): number[] {
  return labels.map((_, i) => samples.filter(({ values }) => values?.[i] === 1).length);
}

const members = ["support", "ap", "precision", "recall", "f1"] as const;
type Scores = Record<(typeof members)[number], number | null>;

const or_null = (value: unknown) => (typeof value === "number" ? value : null);

/** Of each label of an evaluation. */
export function label_scores(facts: object): { label: string; values: Scores }[] {
  const { labels_of_images: all } = facts as { labels_of_images?: unknown };
  return (Array.isArray(all) ? (all as Record<string, unknown>[]) : []).map((one) => ({
    label: String(one.name),
    values: Object.fromEntries(members.map((name) => [name, or_null(one[name])])) as Scores,
  }));
}

/** Of all labels together. */
export const whole_scores = ["map", "macro_f1", "micro_f1", "exact"] as const;

export function whole_score(facts: object, name: (typeof whole_scores)[number]): number | null {
  return or_null((facts as Record<string, unknown>)[name]);
}
