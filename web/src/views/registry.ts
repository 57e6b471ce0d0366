import { boxes } from "./boxes";
import { classes } from "./classes";
import { gradients } from "./gradients";
import { image } from "./image";
import { labels } from "./labels";
import { mask } from "./mask";
import { numbers } from "./numbers";
import { pairs } from "./pairs";
import { raw } from "./raw";
import type { View } from "./view";

/** Every view by the name that the server gives in the member `view`. What draws is loaded when it is needed. */
const views: Record<string, View> = { classes, boxes, mask, image, numbers, labels, pairs, raw };

/** A dataset names the kind of its targets instead of a view. */
const by_target: Record<string, View> = { boxes, mask, image, tensor: numbers, none: raw };

interface Viewed {
  view?: unknown;
  /** Of a dataset: the kind of its targets, and the task. */
  target?: unknown;
  type?: unknown;
  /** Of an answer. */
  arrow?: unknown;
  /** Of an evaluation of an earlier version, which calls each number, each label and pairs of images `raw`. */
  targets?: unknown;
  similar_pairs?: unknown;
  labels_of_images?: unknown;
}

/**
 * The view that `source` names in its member `view`, or that shows its targets: `classes` where it names neither, `raw`
 * where this page does not know it. Numbers with an arrow are drawn.
 */
export function view_of(source: object | null | undefined): View {
  const { view: name, target, type, arrow, targets, labels_of_images, similar_pairs } = (source ?? {}) as Viewed;
  if (arrow) return gradients;
  if ((name === "raw" && labels_of_images) || (target === "tensor" && type === "multilabel")) return labels;
  if (name === "raw" && Array.isArray(targets)) return numbers;
  if (name === "raw" && typeof similar_pairs === "number") return pairs;
  if (name === undefined || name === null)
    return typeof target === "string" && Object.hasOwn(by_target, target) ? by_target[target]! : classes;
  return (Object.hasOwn(views, String(name)) && views[String(name)]) || raw;
}
