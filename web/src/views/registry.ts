import { boxes } from "./boxes";
import { classes } from "./classes";
import { gradients } from "./gradients";
import { image } from "./image";
import { mask } from "./mask";
import { raw } from "./raw";
import type { View } from "./view";

/** Every view by the name that the server gives in the member `view`. What draws is loaded when it is needed. */
const views: Record<string, View> = { classes, boxes, mask, image, raw };

/** A dataset names the kind of its targets instead of a view. */
const by_target: Record<string, View> = { boxes, mask, image, tensor: raw, none: raw };

/**
 * The view that `source` names in its member `view`, or that shows its targets: `classes` where it names neither, `raw`
 * where this page does not know it. Numbers with an arrow are drawn.
 */
export function view_of(source: object | null | undefined): View {
  const { view: name, target, arrow } = (source ?? {}) as { view?: unknown; target?: unknown; arrow?: unknown };
  if (arrow) return gradients;
  if (name === undefined || name === null)
    return typeof target === "string" && Object.hasOwn(by_target, target) ? by_target[target]! : classes;
  return (Object.hasOwn(views, String(name)) && views[String(name)]) || raw;
}
