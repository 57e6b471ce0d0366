import { describe, expect, it } from "vitest";
import { sorted_rows } from "./class_table";

const row = (index: number, label: string, iou: number | null) => ({
  index,
  label,
  colour: "#000000",
  values: { iou },
});
const rows = [row(0, "b10", 0.5), row(1, "b9", null), row(2, "a", 0.75)];
const order = (sort: string) => sorted_rows(rows, sort).map(({ index }) => index);

describe("the rows of a table of classes", () => {
  it("are ordered by name or by a number, those without one last", () => {
    expect(order("label")).toEqual([2, 1, 0]);
    expect(order("-label")).toEqual([0, 1, 2]);
    expect(order("iou")).toEqual([0, 2, 1]);
    expect(order("-iou")).toEqual([2, 0, 1]);
  });
});
