import { describe, expect, it } from "vitest";
import { truth_of } from "./samples";

const object = { class: 0, left: 0, top: 0, right: 9, bottom: 9, outcome: "missed" };

describe("the objects of an evaluated image", () => {
  it("are those of its label, and not known where no detection was judged", () => {
    expect(truth_of({ boxes: [], objects: [object] }, ["car"])?.map(({ label }) => label)).toEqual(["car"]);
    expect(truth_of({ boxes: [{ ...object, outcome: "false" }], objects: [] })).toEqual([]);
    expect(truth_of({ boxes: [{ ...object, outcome: null }], objects: [] })).toBeNull();
    expect(truth_of({ boxes: [] })).toBeNull();
  });
});
