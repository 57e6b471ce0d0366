import { describe, expect, it } from "vitest";
import { cell_colours, confusion_of, shown_classes } from "./confusion";

const facts = {
  confusion: [
    [0, 0, 9],
    [0, 1, 1],
    [1, 1, 2],
    [1, 0, 2],
    [2, 2, 5],
  ],
  classes: [0, 1, 2, 3].map((index) => ({ index, label: String(index) })),
};

describe("confusion", () => {
  it("counts cells, rows and errors", () => {
    const { count, total, error } = confusion_of(facts);
    expect(count(0, 1)).toBe(1);
    expect(count(2, 0)).toBe(0);
    expect(total(1)).toBe(4);
    expect(error(0)).toBeCloseTo(0.1);
    expect(error(3)).toBe(0);
  });

  it("shows the classes with the most errors where not all fit", () => {
    expect(shown_classes(facts, false, 10)).toEqual([0, 1, 2, 3]);
    expect(shown_classes(facts, true, 10)).toEqual([1, 0, 2, 3]);
    expect(shown_classes(facts, false, 2)).toEqual([0, 1]);
  });

  it("keeps numbers readable on every colour", () => {
    for (const dark of [true, false])
      for (let share = 0; share <= 1; share += 0.01) {
        const { background, color } = cell_colours(share, dark);
        const [r = 0, g = 0, b = 0] = background.match(/\d+/g)!.map((text) => {
          const part = Number(text) / 255;
          return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        });
        const light = 0.2126 * r + 0.7152 * g + 0.0722 * b;
        const contrast = color === "#000" ? (light + 0.05) / 0.05 : 1.05 / (light + 0.05);
        expect(contrast).toBeGreaterThanOrEqual(4.5);
      }
  });
});
