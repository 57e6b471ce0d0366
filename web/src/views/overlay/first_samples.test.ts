import { describe, expect, it } from "vitest";
import { image_sizes } from "./first_samples";

describe("the sizes of images", () => {
  it("are counted, the most frequent first, and the rest together", () => {
    const size = (width: number, height: number) => ({ width, height });
    expect(image_sizes([size(2, 1), size(4, 3), size(4, 3), size(1, 1)], 1)).toEqual({
      sizes: [{ size: "4 × 3", count: 2 }],
      others: 2,
    });
    expect(image_sizes([], 3)).toEqual({ sizes: [], others: 0 });
  });
});
