import { type Box, boxes_of } from "./boxes";

/** The objects of a sample. */
export function objects_of(item: object, labels: readonly string[] = []): Box[] {
  return boxes_of((item as { boxes?: unknown }).boxes, labels);
}

/** The objects of an evaluated image; null where they are not known. */
export function truth_of(item: object, labels: readonly string[] = []): Box[] | null {
  const { objects } = item as { objects?: unknown };
  return Array.isArray(objects) ? boxes_of(objects, labels) : null;
}
