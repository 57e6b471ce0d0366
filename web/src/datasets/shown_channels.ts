import type { DatasetFacts } from "../api/client";
import type { TextKey } from "../text/text";

/** Whether records are pairs of images for siamese networks, which are shown side by side. */
export function has_pairs(dataset: Pick<DatasetFacts, "type" | "target"> | null | undefined): boolean {
  return dataset?.type === "regression" && (dataset.target ?? "class") === "class";
}

/** What images of so many channels are, and which of the channels a page shows. */
export function channels_text(
  t: (key: TextKey, values?: { n: number }) => string,
  channels: number,
  pairs = false,
): string {
  if (pairs) return t(channels === 2 ? "channels.pair.1" : "channels.pair.3");
  if (channels === 1 || channels === 3) return t(`channels.${channels}`);
  return t(channels === 2 ? "channels.two" : "channels.many", { n: channels });
}
