import { describe, expect, it } from "vitest";
import { shown_scale } from "./large_image";

describe("the size of an open image", () => {
  it.each([
    [28, 28, 560, 16],
    [256, 256, 560, 2],
    [500, 300, 560, 1],
    [1120, 300, 560, 0.5],
    [1, 1, 560, 16],
  ])("%i × %i in %i px is drawn × %d", (width, height, most, scale) =>
    expect(shown_scale(width, height, most)).toBe(scale),
  );
});
