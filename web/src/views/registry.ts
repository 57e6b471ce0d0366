import { classes } from "./classes";
import { raw } from "./raw";
import type { View } from "./view";

/** Every view by the name that the server gives in the member `view`. */
const views: Record<string, View> = { classes, raw };

/** The view that `source` names in its member `view`: `classes` where it names none, `raw` where this page does not know it. */
export function view_of(source: object | null | undefined): View {
  const name = (source as { view?: unknown } | null | undefined)?.view;
  if (name === undefined || name === null) return classes;
  return (Object.hasOwn(views, String(name)) && views[String(name)]) || raw;
}
