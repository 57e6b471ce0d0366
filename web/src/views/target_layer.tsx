import { BoxLayer, by_class } from "./boxes/box_layer";
import { boxes_of } from "./boxes/boxes";
import { MaskTile } from "./mask/mask_scene";
import type { ClassNames } from "./view";

/** The boxes or the mask that lie upon an image, as examples of a training show them. */
export interface ExampleTarget {
  width?: number;
  height?: number;
  boxes?: unknown;
  /** A data URL of an index PNG. */
  mask?: string;
}

/** Draws a target over an image that is fitted into its place. */
export function TargetLayer({ target, names }: { target: ExampleTarget; names: ClassNames }) {
  if (target.mask) return <MaskTile mask={target.mask} names={names} />;
  if (!target.width || !target.height) return null;
  return (
    <BoxLayer width={target.width} height={target.height} boxes={by_class(boxes_of(target.boxes, names.labels))} />
  );
}
