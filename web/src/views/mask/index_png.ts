/** The class numbers of a mask: a browser would turn them into colours, so the PNG is read here. */
export interface IndexImage {
  width: number;
  height: number;
  /** Row by row. */
  ids: Uint16Array;
  /** `#rrggbb` of each number; empty for a gray PNG. */
  palette: string[];
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Larger ones are not for a page. */
const most_pixels = 64e6;

async function inflate(parts: Uint8Array<ArrayBuffer>[]): Promise<Uint8Array> {
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Of a pixel by its left, upper and upper left neighbours, by the PNG specification. */
function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}

function unfilter(data: Uint8Array, row_bytes: number, height: number, step: number): Uint8Array {
  const rows = new Uint8Array(row_bytes * height);
  for (let y = 0; y < height; y++) {
    const from = y * (row_bytes + 1);
    const filter = data[from]!;
    if (filter > 4) throw new Error(`PNG: filter ${filter} is not known`);
    const to = y * row_bytes;
    for (let i = 0; i < row_bytes; i++) {
      const left = i >= step ? rows[to + i - step]! : 0;
      const up = y > 0 ? rows[to + i - row_bytes]! : 0;
      const corner = y > 0 && i >= step ? rows[to + i - row_bytes - step]! : 0;
      let guess = 0;
      if (filter === 1) guess = left;
      else if (filter === 2) guess = up;
      else if (filter === 3) guess = (left + up) >> 1;
      else if (filter === 4) guess = paeth(left, up, corner);
      rows[to + i] = data[from + 1 + i]! + guess;
    }
  }
  return rows;
}

/** Reads a PNG with a palette or gray values of 1 to 16 bits. Throws, in a few words, for any other file. */
export async function read_index_png(bytes: Uint8Array): Promise<IndexImage> {
  if (!signature.every((byte, i) => bytes[i] === byte)) throw new Error("not a PNG");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [width, height, depth, color, interlaced] = [0, 0, 0, 0, 0];
  const palette: string[] = [];
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const body = bytes.slice(at + 8, at + 8 + length);
    if (type === "IHDR") {
      [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
      [depth, color, interlaced] = [body[8]!, body[9]!, body[12]!];
    } else if (type === "PLTE") {
      for (let i = 0; i + 2 < body.length; i += 3)
        palette.push(`#${[...body.subarray(i, i + 3)].map((part) => part.toString(16).padStart(2, "0")).join("")}`);
    } else if (type === "IDAT") parts.push(body);
    else if (type === "IEND") break;
    at += 12 + length;
  }
  if (width === 0 || height === 0 || width * height > most_pixels) throw new Error("PNG: no size");
  if ((color !== 3 && color !== 0) || interlaced !== 0) throw new Error("PNG: neither palette nor gray");
  const row_bytes = Math.ceil((width * depth) / 8);
  const data = await inflate(parts);
  if (data.length < (row_bytes + 1) * height) throw new Error("PNG: ends early");
  const rows = unfilter(data, row_bytes, height, Math.max(1, depth / 8));
  const ids = new Uint16Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const row = y * row_bytes;
      if (depth === 8) ids[y * width + x] = rows[row + x]!;
      else if (depth === 16) ids[y * width + x] = (rows[row + 2 * x]! << 8) | rows[row + 2 * x + 1]!;
      else {
        const bit = x * depth;
        ids[y * width + x] = (rows[row + (bit >> 3)]! >> (8 - depth - (bit & 7))) & ((1 << depth) - 1);
      }
    }
  return { width, height, ids, palette };
}

/** What a data URL holds; null for another address. The page's own rules let it fetch from its server alone. */
export function data_url_bytes(url: string): Uint8Array<ArrayBuffer> | null {
  const found = /^data:[^,]*;base64,(.*)$/s.exec(url);
  return found ? Uint8Array.from(atob(found[1]!), (letter) => letter.charCodeAt(0)) : null;
}
