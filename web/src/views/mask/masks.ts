import { class_colour } from "../../charts/palette";
import type { IndexImage } from "./index_png";

/** What a mask shows of a class. */
export interface MaskClass {
  class: number;
  label: string;
  colour: string;
  pixels: number;
  share: number;
}

export interface MaskNames {
  labels: readonly string[];
  /** What pixels are called that count for no class. */
  ignored: string;
  /** `#rrggbb` of each class; may be empty. */
  palette: readonly string[];
}

export interface MaskOptions {
  opacity: number;
  outline: boolean;
}

export function mask_colour(index: number, palette: readonly string[]): string {
  return palette[index] ?? class_colour(index);
}

/** Many datasets have a black background: it is not painted, so that the image is seen. */
const not_painted = "#000000";

/** Masks have it where the label says nothing, or where the network did not look. */
const ignored_id = 255;

/** The colour of a number in a mask: pixels that count for no class are not painted. */
export function pixel_colour(index: number, { labels, palette }: Pick<MaskNames, "labels" | "palette">): string {
  return index === ignored_id && labels[index] === undefined ? not_painted : mask_colour(index, palette);
}

export function pixel_label(index: number, { labels, ignored }: Pick<MaskNames, "labels" | "ignored">): string {
  return labels[index] ?? (index === ignored_id ? ignored : String(index));
}

/** The classes of a mask by their number, with how much of the image they have; those of `also` in any case. */
export function classes_of(mask: IndexImage, names: MaskNames, also?: IndexImage): MaskClass[] {
  const counts = new Map<number, number>([...new Set(also?.ids)].map((id) => [id, 0]));
  for (const id of mask.ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => a - b)
    .map(([index, pixels]) => ({
      class: index,
      label: pixel_label(index, names),
      colour: pixel_colour(index, names),
      pixels,
      share: pixels / mask.ids.length,
    }));
}

/** Whether a pixel lies at the edge of its class. */
function is_edge({ ids, width, height }: IndexImage, x: number, y: number): boolean {
  const at = y * width + x;
  const id = ids[at];
  return (
    (x + 1 < width && ids[at + 1] !== id) ||
    (y + 1 < height && ids[at + width] !== id) ||
    (x > 0 && ids[at - 1] !== id) ||
    (y > 0 && ids[at - width] !== id)
  );
}

/** Red, green, blue and opacity of every pixel: classes that are hidden or black have none. */
export function paint_mask(
  mask: IndexImage,
  colour_of: (index: number) => string,
  hidden: ReadonlySet<number>,
  { opacity, outline }: MaskOptions,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(mask.ids.length * 4);
  const colours = new Map<number, [number, number, number]>();
  for (const id of new Set(mask.ids)) {
    const colour = colour_of(id);
    if (colour === not_painted || hidden.has(id)) continue;
    const hex = Number.parseInt(colour.slice(1), 16);
    colours.set(id, [hex >> 16, (hex >> 8) & 255, hex & 255]);
  }
  const alpha = Math.round(opacity * 255);
  for (let y = 0; y < mask.height; y++)
    for (let x = 0; x < mask.width; x++) {
      const at = y * mask.width + x;
      const colour = colours.get(mask.ids[at]!);
      if (!colour) continue;
      pixels.set(colour, at * 4);
      pixels[at * 4 + 3] = outline && is_edge(mask, x, y) ? 255 : alpha;
    }
  return pixels;
}

/**
 * 1 where a pixel of the truth has another class in the answer; 0 where not, where the truth is ignored or none of the
 * classes, and where the network did not look.
 */
export function mask_errors(
  truth: IndexImage,
  answer: IndexImage,
  classes: number,
  ignore: number | null,
): IndexImage | null {
  if (truth.width !== answer.width || truth.height !== answer.height) return null;
  const counts = (id: number) => id !== ignore && (classes === 0 || id < classes);
  const ids = truth.ids.map((id, at) =>
    Number(counts(id) && answer.ids[at] !== id && (answer.ids[at] !== ignored_id || classes > ignored_id)),
  );
  return { width: truth.width, height: truth.height, ids, palette: [] };
}

/** The class at a place of the shown image; null outside. */
export function class_at(mask: IndexImage, x: number, y: number): number | null {
  const [column, row] = [Math.floor(x * mask.width), Math.floor(y * mask.height)];
  if (column < 0 || row < 0 || column >= mask.width || row >= mask.height) return null;
  return mask.ids[row * mask.width + column]!;
}
