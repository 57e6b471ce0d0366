import { describe, expect, it } from "vitest";
import { view_of } from "../registry";
import { answer_numbers, numbers_of } from "./numbers";

describe("the numbers of an answer", () => {
  it("have a place each, in the order of the answer", () => {
    expect(numbers_of({ view: "tensor", angle: 0.5, output: [[1, 2], [3]], note: "ok", none: null }, ["view"])).toEqual(
      [
        ["angle", 0.5],
        ["output[0][0]", 1],
        ["output[0][1]", 2],
        ["output[1][0]", 3],
        ["note", "ok"],
      ],
    );
    expect(numbers_of([7, 8])).toEqual([
      ["value[0]", 7],
      ["value[1]", 8],
    ]);
    expect(numbers_of({ view: "raw", outputs: [{ name: "pose", shape: [2], values: [0.5, 2] }] }, ["view"])).toEqual([
      ["pose[0]", 0.5],
      ["pose[1]", 2],
    ]);
    expect(numbers_of(null)).toEqual([]);
  });

  it("have the names of the dataset's numbers, where there is one for each", () => {
    const answer = { view: "raw", outputs: [{ name: "ip", shape: [2], values: [0.5, 2] }], names: ["angle", "speed"] };
    expect(answer_numbers(answer, ["view"])).toEqual([
      ["angle", 0.5],
      ["speed", 2],
    ]);
    const second = { name: "map", shape: [1], values: [7] };
    expect(answer_numbers({ ...answer, outputs: [...answer.outputs, second] }, ["view"]).at(-1)).toEqual(["map[0]", 7]);
    expect(answer_numbers({ ...answer, names: [] }, ["view"])).toEqual([
      ["ip[0]", 0.5],
      ["ip[1]", 2],
    ]);
    expect(answer_numbers({ ...answer, names: ["angle"] }, ["view"])[0]).toEqual(["ip[0]", 0.5]);
  });
});

describe("the view of an answer", () => {
  it("is `classes` where none is named and `raw` where the name is not known", () => {
    expect(view_of({ predictions: [] })).toBe(view_of({ view: "classes" }));
    expect(view_of(null)).toBe(view_of({ view: "classes" }));
    expect(view_of({ view: "hologram" })).toBe(view_of({ view: "raw" }));
    expect(view_of({ view: "toString" })).toBe(view_of({ view: "raw" }));
    expect(view_of({ view: "raw" })).not.toBe(view_of({ view: "classes" }));
  });
});
