import { describe, expect, it } from "vitest";
import { class_colour } from "../../charts/palette";
import type { IndexImage } from "./index_png";
import { class_at, classes_of, mask_colour, mask_errors, paint_mask, pixel_colour, pixel_label } from "./masks";

const mask: IndexImage = { width: 3, height: 2, ids: new Uint16Array([0, 0, 1, 0, 0, 255]), palette: [] };
const names = { labels: ["road", "car"], palette: ["#000000", "#ff8000"], ignored: "ignored" };

describe("a mask", () => {
  it("counts its classes and gives each its colour", () => {
    expect(classes_of(mask, names).map(({ label, pixels, share }) => [label, pixels, share])).toEqual([
      ["road", 4, 4 / 6],
      ["car", 1, 1 / 6],
      ["ignored", 1, 1 / 6],
    ]);
    expect([pixel_colour(255, names), pixel_label(2, names)]).toEqual(["#000000", "2"]);
    expect(mask_colour(1, names.palette)).toBe("#ff8000");
    expect(mask_colour(2, names.palette)).toBe(class_colour(2));
    expect(classes_of({ ...mask, ids: new Uint16Array([0]) }, names, mask).map((one) => one.pixels)).toEqual([1, 0, 0]);
  });

  it("is painted without hidden classes, and opaque at its outline", () => {
    const pixels = paint_mask(mask, () => "#ff8000", new Set([255]), { opacity: 0.5, outline: true });
    const pixel = (at: number) => [...pixels.slice(at * 4, at * 4 + 4)];
    expect(pixel(0)).toEqual([255, 128, 0, 128]);
    expect(pixel(1)).toEqual([255, 128, 0, 255]);
    expect(pixel(5)).toEqual([0, 0, 0, 0]);
    expect([...paint_mask(mask, () => "#000000", new Set(), { opacity: 0.5, outline: true })]).toEqual(
      Array(24).fill(0),
    );
    const plain = paint_mask(mask, () => "#ff8000", new Set(), { opacity: 0.5, outline: false });
    expect(plain[1 * 4 + 3]).toBe(128);
  });

  it("knows the class under the pointer", () => {
    expect(class_at(mask, 0.99, 0)).toBe(1);
    expect(class_at(mask, 0, 0.6)).toBe(0);
    expect(class_at(mask, 1, 0.5)).toBeNull();
    expect(class_at(mask, -0.01, 0.5)).toBeNull();
  });

  it("compared with another shows where it is wrong, but not where the truth is ignored", () => {
    const answer = { ...mask, ids: new Uint16Array([0, 1, 1, 0, 0, 0]) };
    expect([...mask_errors(mask, answer, 0, 255)!.ids]).toEqual([0, 1, 0, 0, 0, 0]);
    expect([...mask_errors(mask, answer, 0, null)!.ids]).toEqual([0, 1, 0, 0, 0, 1]);
    expect([...mask_errors(mask, answer, 2, null)!.ids]).toEqual([0, 1, 0, 0, 0, 0]);
    expect([...mask_errors(mask, { ...mask, ids: new Uint16Array(6).fill(255) }, 2, null)!.ids]).toEqual(
      Array(6).fill(0),
    );
    expect(mask_errors(mask, { ...mask, width: 2, height: 3 }, 0, null)).toBeNull();
  });
});
