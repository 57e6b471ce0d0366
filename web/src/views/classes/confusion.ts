/** The cells of a confusion matrix as rows, and the order in which classes are shown: no pages here, only data. */

/** What is counted: images, objects or pixels. */
export interface Confusable {
  /** Cells that are not 0: true class, the network's class, how many. */
  confusion: number[][];
  classes: { index: number; label: string }[];
}

export interface Confusion {
  count: (truth: number, predicted: number) => number;
  /** All that is of the class. */
  total: (truth: number) => number;
  /** Share of the class that the network takes for another. */
  error: (truth: number) => number;
}

export function confusion_of(facts: Confusable): Confusion {
  const cells = new Map<string, number>();
  const totals = new Map<number, number>();
  for (const [truth = 0, predicted = 0, count = 0] of facts.confusion) {
    cells.set(`${truth},${predicted}`, count);
    totals.set(truth, (totals.get(truth) ?? 0) + count);
  }
  const count = (truth: number, predicted: number) => cells.get(`${truth},${predicted}`) ?? 0;
  const total = (truth: number) => totals.get(truth) ?? 0;
  return { count, total, error: (truth) => (total(truth) === 0 ? 0 : 1 - count(truth, truth) / total(truth)) };
}

/** Indices of the classes to show, at most `most`: those with the most errors where not all fit. */
export function shown_classes(facts: Confusable, by_error: boolean, most: number): number[] {
  const { total, error } = confusion_of(facts);
  const all = facts.classes.map((one) => one.index);
  const worst = [...all].sort((a, b) => error(b) - error(a) || total(b) - total(a) || a - b);
  const chosen = worst.slice(0, most);
  return by_error ? chosen : chosen.sort((a, b) => a - b);
}

/** A cell's colour for a share of 0 … 1 between paper and ink, and black or white on it, whichever reads better (always AA). */
export function cell_colours(share: number, dark: boolean): { background: string; color: string } {
  const paper = dark ? [28, 32, 39] : [255, 255, 255];
  const ink = dark ? [143, 173, 251] : [39, 71, 166];
  const mixed = paper.map((from, i) => Math.round(from + (ink[i]! - from) * share));
  const [r = 0, g = 0, b = 0] = mixed.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return { background: `rgb(${mixed.join(" ")})`, color: light > 0.179 ? "#000" : "#fff" };
}
