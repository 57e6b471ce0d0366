import { percent, significant } from "../../format/format";

/** Boxes as the server sends them, and what the page computes of them: no pages here, only data. */

/** Edges in pixels of the image that the answer or the sample names. */
export interface Box {
  class: number;
  label: string;
  left: number;
  top: number;
  right: number;
  bottom: number;
  /** Of detections; null: an object that is in the image. */
  score: number | null;
  /** Need not be found. */
  difficult: boolean;
  /** One box around many objects: takes any number of detections and is not to be found. */
  crowd: boolean;
  /** What an evaluation found it to be; null: not judged. */
  outcome: Outcome | null;
  /** Of a judged detection: the place of the object that it took; null: none. */
  object: number | null;
}

/** What a detection turned out to be, or an object: `missed` is an object that no detection found. */
export type Outcome = (typeof outcomes)[number];
const outcomes = ["right", "wrong_class", "false", "ignored", "missed", "found"] as const;

export interface BoxOptions {
  /** Detections below it are hidden. */
  score: number;
  /** Of two boxes of a class that overlap more, only the surer one is kept; 1: all are. */
  nms: number;
}

/** Reads what is a list of boxes and leaves out what is none. */
export function boxes_of(value: unknown, labels: readonly string[] = []): Box[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: unknown) => {
    const box = (one ?? {}) as Record<string, unknown>;
    const [left, top, right, bottom] = [box.left, box.top, box.right, box.bottom].map(Number);
    const index = Number(box.class ?? -1);
    if (![left, top, right, bottom, index].every(Number.isFinite)) return [];
    return [
      {
        class: index,
        label: typeof box.label === "string" && box.label !== "" ? box.label : (labels[index] ?? String(index)),
        left: left!,
        top: top!,
        right: right!,
        bottom: bottom!,
        score: typeof box.score === "number" ? box.score : null,
        difficult: box.difficult === true,
        crowd: box.crowd === true,
        outcome: outcomes.find((outcome) => outcome === box.outcome) ?? null,
        object: typeof box.object === "number" ? box.object : null,
      },
    ];
  });
}

export const width_of = (box: Box) => box.right - box.left;
export const height_of = (box: Box) => box.bottom - box.top;
const area_of = (box: Box) => Math.max(0, width_of(box)) * Math.max(0, height_of(box));

/** Common area over the area of both; of a crowd over that of the detection alone. */
export function iou(found: Box, object: Box): number {
  const width = Math.min(found.right, object.right) - Math.max(found.left, object.left);
  const height = Math.min(found.bottom, object.bottom) - Math.max(found.top, object.top);
  if (width <= 0 || height <= 0) return 0;
  const common = width * height;
  const together = object.crowd ? area_of(found) : area_of(found) + area_of(object) - common;
  return together > 0 ? common / together : 0;
}

/** The highest score first; equal scores keep their order. */
function by_score(boxes: Box[]): Box[] {
  return [...boxes].sort((a, b) => (b.score ?? 1) - (a.score ?? 1));
}

/** Non-maximum suppression within each class: of two boxes that overlap more than `most` the surer one is kept. */
export function suppress(boxes: Box[], most: number): Box[] {
  const kept: Box[] = [];
  for (const box of by_score(boxes))
    if (most >= 1 || !kept.some((other) => other.class === box.class && iou(box, { ...other, crowd: false }) > most))
      kept.push(box);
  return kept;
}

/** The detections that are shown: sure enough, and not those of others again. */
export function shown_boxes(boxes: Box[], { score, nms }: BoxOptions): Box[] {
  return suppress(
    boxes.filter((box) => box.score === null || box.score >= score),
    nms,
  );
}

export interface Matched {
  /** By detection, in the order that was given. */
  found: Outcome[];
  /** By object. */
  truth: Outcome[];
  /** By detection: the place of the object it took, or -1. */
  taken: number[];
}

/**
 * Pairs detections with objects as an evaluation does: within each class first, the detection with the highest score takes the free
 * object with the highest overlap of at least `least` (of equal ones the later), ignored ones only when no other is
 * left; what remains then across classes, largest overlap first.
 */
export function match_boxes(truth: Box[], found: Box[], least = 0.5): Matched {
  const taken = found.map(() => -1);
  const found_by = truth.map(() => -1);
  const outcome: Outcome[] = found.map(() => "false");
  const is_ignored = (object: Box) => object.crowd || object.difficult;
  const order = found.map((_, i) => i).sort((a, b) => (found[b]!.score ?? 1) - (found[a]!.score ?? 1) || a - b);
  for (const d of order) {
    let best = -1;
    let overlap = least;
    for (const ignored of [false, true]) {
      if (best >= 0) break;
      truth.forEach((object, t) => {
        if (object.class !== found[d]!.class || is_ignored(object) !== ignored) return;
        if (found_by[t]! >= 0 && !object.crowd) return;
        const value = iou(found[d]!, object);
        if (value < overlap) return;
        best = t;
        overlap = value;
      });
    }
    if (best < 0) continue;
    outcome[d] = is_ignored(truth[best]!) ? "ignored" : "right";
    taken[d] = best;
    found_by[best] = d;
  }
  const pairs: [overlap: number, d: number, t: number][] = [];
  found.forEach((box, d) => {
    if (taken[d]! >= 0) return;
    truth.forEach((object, t) => {
      if (found_by[t]! >= 0 || is_ignored(object)) return;
      const value = iou(box, object);
      if (value >= least) pairs.push([value, d, t]);
    });
  });
  for (const [, d, t] of pairs.sort((a, b) => b[0] - a[0])) {
    if (taken[d]! >= 0 || found_by[t]! >= 0) continue;
    outcome[d] = "wrong_class";
    taken[d] = t;
    found_by[t] = d;
  }
  return {
    found: outcome,
    truth: truth.map((object, t) => {
      if (is_ignored(object)) return "ignored";
      if (found_by[t]! < 0) return "missed";
      return outcome[found_by[t]!] === "right" ? "found" : "missed";
    }),
    taken,
  };
}

/**
 * What became of the detections that are shown and of the objects. Where the evaluation has judged them it is right:
 * it sees what the page does not, as regions that count for no class. Of `all_truth`, `truth` are the shown objects.
 */
export function judge_boxes(all_truth: Box[], truth: Box[], found: Box[]): Matched {
  if (!found.every(({ outcome }) => outcome !== null) || !all_truth.every(({ outcome }) => outcome !== null))
    return match_boxes(truth, found);
  const taken = new Set(
    found.flatMap(({ outcome, object }) => (outcome === "right" && object !== null ? [object] : [])),
  );
  return {
    found: found.map(({ outcome }) => outcome!),
    truth: truth.map((box) =>
      box.outcome === "ignored" ? "ignored" : taken.has(all_truth.indexOf(box)) ? "found" : "missed",
    ),
    taken: found.map(({ object }) => object ?? -1),
  };
}

export interface ClassCount {
  class: number;
  label: string;
  count: number;
}

/** The classes of some boxes, by their number. */
export function classes_in(boxes: Box[]): ClassCount[] {
  const found = new Map<number, ClassCount>();
  for (const box of boxes) {
    const one = found.get(box.class) ?? { class: box.class, label: box.label, count: 0 };
    one.count += 1;
    found.set(box.class, one);
  }
  return [...found.values()].sort((a, b) => a.class - b.class);
}

/** DetectNet's scores may be above 1: they are not probabilities. */
export function score_text(score: number | null, digits: number): string {
  return score !== null && score > 1 ? significant(score, 3) : percent(score, digits);
}
