/** The numbers of an evaluation of detections as the pages need them: no pages here, only data. */

/** COCO's 12, in its order. */
export const coco_numbers = [
  "AP",
  "AP50",
  "AP75",
  "AP_small",
  "AP_medium",
  "AP_large",
  "AR1",
  "AR10",
  "AR100",
  "AR_small",
  "AR_medium",
  "AR_large",
] as const;
export type CocoNumber = (typeof coco_numbers)[number];

/** Of each class beside COCO's: at the best threshold. */
export const threshold_numbers = ["objects", "precision", "recall", "f1"] as const;
type Numbers = Record<CocoNumber | (typeof threshold_numbers)[number], number | null>;

export interface ClassNumbers {
  index: number;
  label: string;
  /** Null: nothing to find, or nothing found. */
  values: Numbers;
}

/** At an overlap of one half. */
export interface BoxCurve {
  /** -1: all classes together. */
  index: number;
  label: string;
  objects: number;
  /** At recall 0, 0.01 … 1. */
  precision_by_recall: number[];
  /** By score threshold. */
  precision: number[];
  recall: number[];
  f1: number[];
}

export interface BoxEvaluation {
  numbers: Numbers;
  classes: ClassNumbers[];
  /** With the best F1; null: nothing has a label. */
  threshold: number | null;
  thresholds: number[];
  all: BoxCurve | null;
  curves: BoxCurve[];
}

type Members = Record<string, unknown>;

/** COCO's -1 says that there is nothing to find. */
function number_at(source: Members, name: string): number | null {
  const value = source[name];
  return typeof value === "number" && value >= 0 ? value : null;
}

const numbers_of = (source: Members) =>
  Object.fromEntries([...coco_numbers, ...threshold_numbers].map((name) => [name, number_at(source, name)])) as Numbers;

const list = (value: unknown): number[] => (Array.isArray(value) ? value.map(Number) : []);

export function box_evaluation(facts: object): BoxEvaluation {
  const source = facts as Members;
  const labels = (source.labels ?? []) as string[];
  const curves = (source.curves ?? {}) as { thresholds?: unknown; all?: Members; classes?: Members[] };
  const curve = (one: Members, index: number): BoxCurve => ({
    index,
    label: labels[index] ?? String(index),
    objects: Number(one.objects ?? 0),
    precision_by_recall: list(one.precision_by_recall),
    precision: list(one.precision),
    recall: list(one.recall),
    f1: list(one.f1),
  });
  return {
    numbers: numbers_of(source),
    classes: ((source.classes ?? []) as Members[]).map((one, i) => {
      const index = Number(one.index ?? i);
      return { index, label: String(one.label ?? labels[index] ?? index), values: numbers_of(one) };
    }),
    threshold: number_at(source, "threshold"),
    thresholds: list(curves.thresholds),
    all: curves.all ? curve(curves.all, -1) : null,
    curves: (curves.classes ?? []).map((one, i) => curve(one, Number(one.index ?? i))),
  };
}

/** The place of the threshold in the curves that is nearest to `threshold`; -1 without any. */
export function nearest(thresholds: number[], threshold: number): number {
  return thresholds.reduce(
    (best, value, i) => (best < 0 || Math.abs(value - threshold) < Math.abs(thresholds[best]! - threshold) ? i : best),
    -1,
  );
}
