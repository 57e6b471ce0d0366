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

/** One label of an evaluated image. */
export interface JudgedLabel {
  label: string;
  probability: number;
  is_said: boolean;
  /** Null: not known. */
  is_right: boolean | null;
}

const threshold = 0.5;

/** The labels of an evaluated image: those that it has or should have first, the most probable before others. */
export function judged_labels(item: object, facts: object): JudgedLabel[] {
  const { probabilities, labels } = item as Record<string, unknown>;
  const names = label_scores(facts);
  const right = Array.isArray(labels) ? new Set(labels as number[]) : null;
  const judged = (Array.isArray(probabilities) ? (probabilities as number[]) : []).map((probability, i) => ({
    label: names[i]?.label ?? String(i),
    probability,
    is_said: probability >= threshold,
    is_right: right ? right.has(i) : null,
  }));
  const counts = (one: JudgedLabel) => Number(one.is_said || one.is_right === true);
  return judged.sort((a, b) => counts(b) - counts(a) || b.probability - a.probability);
}
