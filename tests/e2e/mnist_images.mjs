import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crc32, deflateSync } from "node:zlib";

/** Writes the first `count` images of an IDX pair as OUT/CLASS/NNNNN.png and returns their paths by class. */
export function write_images(images_file, labels_file, out, count) {
  const images = readFileSync(images_file);
  const labels = readFileSync(labels_file);
  const rows = images.readUInt32BE(8);
  const columns = images.readUInt32BE(12);
  const paths = {};
  for (let i = 0; i < count; i++) {
    const label = String(labels[8 + i]);
    const pixels = images.subarray(16 + i * rows * columns, 16 + (i + 1) * rows * columns);
    if (!paths[label]) mkdirSync(join(out, label), { recursive: true });
    const path = join(out, label, `${String(i).padStart(5, "0")}.png`);
    writeFileSync(path, grey_png(columns, rows, pixels));
    (paths[label] ??= []).push(path);
  }
  return paths;
}

/** Reddish and bluish noise below `out`, one folder each: classes that a network tells apart at once. */
export function write_colours(out, a_class, side) {
  let state = 1;
  const random = () => {
    state = (state * 48271) % 0x7fffffff;
    return state % 120;
  };
  for (const [name, channel] of [
    ["red", 0],
    ["blue", 2],
  ]) {
    mkdirSync(join(out, name), { recursive: true });
    for (let i = 0; i < a_class; i++) {
      const pixels = Buffer.alloc(side * side * 3);
      for (let at = 0; at < pixels.length; at++) pixels[at] = random() + (at % 3 === channel ? 120 : 0);
      writeFileSync(join(out, name, `${i}.png`), png(side, side, pixels, 3));
    }
  }
}

const grey_png = (width, height, pixels) => png(width, height, pixels, 1);

function png(width, height, pixels, channels) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, channels === 3 ? 2 : 0, 0, 0, 0], 8);
  const row = width * channels;
  const lines = Buffer.alloc(height * (row + 1));
  for (let y = 0; y < height; y++) lines.set(pixels.subarray(y * row, (y + 1) * row), y * (row + 1) + 1);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", deflateSync(lines)), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  whole.set(body, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}
