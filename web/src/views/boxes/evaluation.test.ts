import { describe, expect, it } from "vitest";
import { box_evaluation, nearest } from "./evaluation";

describe("an evaluation of detections", () => {
  it("has COCO's numbers, and none where there is nothing to find", () => {
    const { numbers, classes } = box_evaluation({
      labels: ["car", "van"],
      AP: 0.5,
      AP_small: -1,
      AP_large: null,
      classes: [
        { index: 1, label: "van", AP: 0.25, objects: 7, f1: 0.5 },
        { index: 0, AP: null, objects: 0, precision: null },
      ],
    });
    expect([numbers.AP, numbers.AP_small, numbers.AP_large, numbers.AR100]).toEqual([0.5, null, null, null]);
    expect(classes.map(({ label, values }) => [label, values.objects, values.AP, values.f1])).toEqual([
      ["van", 7, 0.25, 0.5],
      ["car", 0, null, null],
    ]);
  });

  it("has its curves with the names of their classes", () => {
    const curve = { objects: 4, precision_by_recall: [1, 0.5], precision: [0.2], recall: [1], f1: [0.33] };
    const { curves, all, thresholds, threshold } = box_evaluation({
      labels: ["car", "van"],
      threshold: 0.35,
      curves: { thresholds: [0, 1], all: curve, classes: [{ ...curve, index: 1 }] },
    });
    expect(curves.map(({ index, label, objects }) => [index, label, objects])).toEqual([[1, "van", 4]]);
    expect(all?.f1).toEqual([0.33]);
    expect([threshold, ...thresholds]).toEqual([0.35, 0, 1]);
    expect(box_evaluation({}).all).toBeNull();
  });

  it("finds the threshold of the curves that is nearest", () => {
    expect(nearest([0, 0.5, 1], 0.7)).toBe(1);
    expect(nearest([], 0.7)).toBe(-1);
  });
});
