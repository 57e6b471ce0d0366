import { deflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { data_url_bytes, read_index_png } from "./index_png";

interface Made {
  width: number;
  height: number;
  depth: number;
  color: number;
  /** Rows with their filter bytes. */
  rows: number[];
  palette?: number[];
}

function png({ width, height, depth, color, rows, palette }: Made): Uint8Array {
  const chunk = (type: string, body: number[] | Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length);
    return Buffer.concat([length, Buffer.from(type), Buffer.from(body), Buffer.alloc(4)]);
  };
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  return new Uint8Array(
    Buffer.concat([
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
      chunk("IHDR", [...size, depth, color, 0, 0, 0]),
      ...(palette ? [chunk("PLTE", palette)] : []),
      chunk("IDAT", deflateSync(Buffer.from(rows))),
      chunk("IEND", []),
    ]),
  );
}

describe("a mask in a PNG", () => {
  it("has its numbers and the colours of its palette", async () => {
    const palette = [0, 0, 0, 255, 0, 16];
    const found = await read_index_png(
      png({ width: 3, height: 2, depth: 8, color: 3, palette, rows: [0, 0, 1, 1, 0, 1, 0, 255] }),
    );
    expect([found.width, found.height, ...found.ids]).toEqual([3, 2, 0, 1, 1, 1, 0, 255]);
    expect(found.palette).toEqual(["#000000", "#ff0010"]);
  });

  it("is read with 1, 2, 4 and 16 bits", async () => {
    const ids = async (depth: number, rows: number[], width = 4) => [
      ...(await read_index_png(png({ width, height: 1, depth, color: 0, rows }))).ids,
    ];
    expect(await ids(1, [0, 0b10110000])).toEqual([1, 0, 1, 1]);
    expect(await ids(2, [0, 0b00011011])).toEqual([0, 1, 2, 3]);
    expect(await ids(4, [0, 0x1f, 0x05])).toEqual([1, 15, 0, 5]);
    expect(await ids(16, [0, 1, 2, 255, 255], 2)).toEqual([258, 65535]);
  });

  it("is read with every filter", async () => {
    // The same row of 1, 2, 4 below itself: none, sub, up, average, Paeth.
    const rows = [0, 1, 2, 4, 1, 1, 1, 2, 2, 0, 0, 0, 3, 1, 1, 2, 4, 0, 0, 0];
    const { ids } = await read_index_png(png({ width: 3, height: 5, depth: 8, color: 0, rows }));
    const expected = [1, 2, 4, 1, 2, 4, 1, 2, 4];
    expect([...ids.slice(0, 9)]).toEqual(expected);
    // Average: 1 + (0 + 1 >> 1), 1 + (1 + 2 >> 1), 2 + (2 + 4 >> 1).
    expect([...ids.slice(9, 12)]).toEqual([1, 2, 5]);
    expect([...ids.slice(12, 15)]).toEqual([1, 2, 5]);
  });

  it("is refused where it is none", async () => {
    await expect(read_index_png(new Uint8Array([1, 2, 3]))).rejects.toThrow("not a PNG");
    await expect(read_index_png(png({ width: 1, height: 1, depth: 8, color: 2, rows: [0, 1, 2, 3] }))).rejects.toThrow(
      "neither palette nor gray",
    );
    await expect(read_index_png(png({ width: 9, height: 9, depth: 8, color: 0, rows: [0, 1] }))).rejects.toThrow(
      "ends early",
    );
  });
});

it("reads a data URL without a request", () => {
  expect(data_url_bytes("data:image/png;base64,iVBORw==")).toEqual(new Uint8Array([0x89, 0x50, 0x4e, 0x47]));
  expect(data_url_bytes("/api/v1/datasets/x/images/val/0/target")).toBeNull();
});
