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

function grey_png(width, height, pixels) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const lines = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) lines.set(pixels.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
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
