import { type Box, boxes_of } from "./boxes";

/** The objects of a sample. */
export function objects_of(item: object, labels: readonly string[] = []): Box[] {
  return boxes_of((item as { boxes?: unknown }).boxes, labels);
}

/** The objects of an evaluated image; null where they are not known. */
export function truth_of(item: object, labels: readonly string[] = []): Box[] | null {
  const { objects, boxes } = item as { objects?: unknown; boxes?: { outcome?: unknown }[] };
  // Of an image without a label the evaluation judges no detection.
  if (!Array.isArray(objects) || boxes?.some(({ outcome }) => outcome === null)) return null;
  return boxes_of(objects, labels);
}
