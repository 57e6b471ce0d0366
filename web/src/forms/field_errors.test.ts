import { describe, expect, it } from "vitest";
import { unreachable } from "../api/client";
import { field_errors, shown_place } from "./field_errors";

const fields = {
  "/name": "",
  "/spec/source/path": "/data/mnist",
  "/spec/source/val_path": "/data/mnist/val",
  "/spec/image/width": "0",
  "/spec/network/prototxt": "layer {",
};

function place_of(where: string): string | null {
  return Object.keys(field_errors({ ...unreachable("wrong"), where }, fields).at)[0] ?? null;
}

describe("field_errors", () => {
  it.each([
    ["/spec/image/width", "/spec/image/width"],
    ["/spec/source/path/0", "/spec/source/path"],
    ["image/width", "/spec/image/width"],
    ["/image/width", "/spec/image/width"],
    ["/data/mnist", "/spec/source/path"],
    ["/data/mnist/val/7/x.png", "/spec/source/val_path"],
    ["/spec/network/prototxt:47:1", "/spec/network/prototxt"],
    ["/data/other", null],
    ["/spec/unknown", null],
    ["", null],
  ])("%s stands at %s", (where, place) => expect(place_of(where)).toBe(place));

  it("says what to do after what is wrong", () => {
    const problem = {
      ...unreachable("width must be 1 to 10000, got 0"),
      where: "/spec/image/width",
      advice: "Write a number",
    };
    expect(field_errors(problem, fields).at["/spec/image/width"]).toBe(
      "width must be 1 to 10000, got 0. Write a number",
    );
  });

  it("marks every field that is refused, all at once", () => {
    const fault = (where: string, detail: string) => ({ where, detail, advice: "" });
    const faults = [
      fault("/spec/image/width", "Width must be 1 to 10000, got 0"),
      fault("/spec/source/path", "no folder"),
      fault("/name", "Enter a name"),
      fault("/spec/unknown", "elsewhere"),
    ];
    const problem = { ...unreachable("Width must be 1 to 10000, got 0"), where: "/spec/image/width", faults };
    expect(field_errors(problem, fields)).toEqual({
      at: {
        "/spec/image/width": "Width must be 1 to 10000, got 0",
        "/spec/source/path": "no folder",
        "/name": "Enter a name",
      },
      rest: null,
    });
  });

  it("keeps what belongs to no field", () => {
    const problem = unreachable("the disk is full");
    expect(field_errors(problem, fields)).toEqual({ at: {}, rest: problem });
    expect(field_errors(null, fields)).toEqual({ at: {}, rest: null });
  });
});

describe("the place of a problem", () => {
  it("is shown where it is a file or a line, not where it is a member of a request", () => {
    expect(shown_place("/spec/network/prototxt:47:1")).toBe("");
    expect(shown_place("/source/path")).toBe("");
    expect([shown_place("?path"), shown_place("/folder")]).toEqual(["", ""]);
    expect(shown_place("/data/images/a.png")).toBe("/data/images/a.png");
    expect(shown_place("/network_of_mine/train.prototxt:3:1")).toBe("/network_of_mine/train.prototxt:3:1");
    expect(shown_place("train_val.prototxt:12:5")).toBe("train_val.prototxt:12:5");
  });
});
