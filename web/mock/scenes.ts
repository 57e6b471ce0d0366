import { crc32, deflateSync } from "node:zlib";

/** Made-up images with objects: their boxes, their masks, and what networks say of them. */

export const scene_labels = ["red cell", "white cell", "platelet"];
export const mask_labels = ["background", ...scene_labels];
export const palette = ["#000000", "#d62728", "#9467bd", "#17becf"];
export const width = 320;
export const height = 240;
export const scenes = 120;

interface Cell {
  class: number;
  x: number;
  y: number;
  radius: number;
}

/** Numbers that look random and are always the same. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = (seed * 2654435761 + 12345) >>> 0; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

function cells(index: number): Cell[] {
  const random = numbers(index + 1);
  const next = () => random.next().value;
  return Array.from({ length: 3 + Math.floor(next() * 8) }, () => {
    const kind = next();
    const index_of = kind < 0.75 ? 0 : kind < 0.88 ? 1 : 2;
    const radius = [20, 34, 9][index_of]! * (0.8 + 0.4 * next());
    return {
      class: index_of,
      x: radius + next() * (width - 2 * radius),
      y: radius + next() * (height - 2 * radius),
      radius,
    };
  });
}

const fills = ["#c0626a", "#6d5a9c", "#3d7f8f"];

export function scene(index: number, noise = false): string {
  const shapes = cells(index).map(
    (cell) =>
      `<circle cx="${cell.x}" cy="${cell.y}" r="${cell.radius}" fill="${fills[cell.class]}" stroke="#7a3b40" stroke-width="2"/>`,
  );
  const filter = noise ? '<rect width="320" height="240" fill="#888" opacity="0.35"/>' : "";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"><rect width="${width}" height="${height}" fill="#ecd9c6"/>${shapes.join("")}${filter}</svg>`;
}

function box_of(cell: Cell) {
  return {
    class: cell.class,
    label: scene_labels[cell.class]!,
    left: cell.x - cell.radius,
    top: cell.y - cell.radius,
    right: cell.x + cell.radius,
    bottom: cell.y + cell.radius,
  };
}

export function boxes(index: number) {
  return cells(index).map(box_of);
}

interface Detection extends ReturnType<typeof box_of> {
  score: number;
  outcome: "right" | "wrong_class" | "false";
  /** The place of the object that it took. */
  object?: number;
}

/** Most objects, a little beside them; some twice, some of another class, and some where nothing is. */
export function detections(index: number): Detection[] {
  const random = numbers(index + 500);
  const next = () => random.next().value;
  const found = cells(index).flatMap((cell, object): Detection[] => {
    const luck = next();
    if (luck < 0.08) return [];
    const moved = { ...cell, x: cell.x + 4 * next() - 2, radius: cell.radius * (0.95 + 0.1 * next()) };
    const wrong = luck > 0.94;
    const one: Detection = {
      ...box_of(wrong ? { ...moved, class: (cell.class + 1) % 3 } : moved),
      score: 0.45 + 0.55 * next(),
      outcome: wrong ? "wrong_class" : "right",
      object,
    };
    return luck > 0.85 && !wrong
      ? [one, { ...box_of({ ...moved, x: moved.x + 3 }), score: one.score * 0.7, outcome: "false" }]
      : [one];
  });
  if (index % 3 === 0) found.push({ ...box_of({ class: 2, x: 40, y: 40, radius: 12 }), score: 0.31, outcome: "false" });
  return found.sort((a, b) => b.score - a.score);
}

/** The classes of pixels: objects one above the other, as they are drawn; `off` moves them, as a network errs. */
export function mask(index: number, off = 0): Buffer {
  const rows = Buffer.alloc((width + 1) * height);
  for (const cell of cells(index))
    for (let y = Math.max(0, Math.floor(cell.y - cell.radius)); y < Math.min(height, cell.y + cell.radius); y++)
      for (let x = Math.max(0, Math.floor(cell.x - cell.radius)); x < Math.min(width, cell.x + cell.radius); x++)
        if ((x - cell.x - off) ** 2 + (y - cell.y) ** 2 <= cell.radius ** 2)
          rows[y * (width + 1) + 1 + x] = cell.class + 1;
  const chunk = (type: string, body: Buffer) => {
    const typed = Buffer.concat([Buffer.from(type), body]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(body.length);
    sum.writeUInt32BE(crc32(typed));
    return Buffer.concat([length, typed, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", head),
    chunk("PLTE", Buffer.from(palette.map((colour) => colour.slice(1)).join(""), "hex")),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

export const data_url = (type: string, body: string | Buffer) =>
  `data:${type};base64,${Buffer.from(body).toString("base64")}`;
