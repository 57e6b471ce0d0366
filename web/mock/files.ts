import { labels } from "./images.ts";
import { lenet } from "./networks.ts";
import { refuse } from "./refusal.ts";
import type { MockState } from "./state.ts";

export function file_of(state: MockState, id: string, path: string): string | Buffer {
  if (!state.entries.has(id)) refuse(404, "not_found", `there is no job ${id}`);
  if (path.endsWith(".prototxt")) return lenet;
  if (path === "mean.jpg")
    return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28" width="28" height="28"><rect width="28" height="28"/><circle cx="14" cy="14" r="8" fill="#777"/></svg>';
  return labels.join("\n");
}
