import { describe, expect, it } from "vitest";
import { type Box, boxes_of, classes_in, iou, judge_boxes, match_boxes, shown_boxes, suppress } from "./boxes";

function box(index: number, left: number, top: number, right: number, bottom: number, score?: number): Box {
  return boxes_of([{ class: index, left, top, right, bottom, ...(score === undefined ? {} : { score }) }])[0]!;
}

describe("boxes", () => {
  it("are read with the names of their classes, and what is not a box is left out", () => {
    const found = boxes_of(
      [
        { class: 1, left: 1, top: 2, right: 3.5, bottom: 4, score: 0.5 },
        { class: 0, label: "car", left: 0, top: 0, right: 1, bottom: 1, crowd: true },
        { class: 2, left: "x", top: 0, right: 1, bottom: 1 },
        null,
      ],
      ["van", "tram"],
    );
    expect(found.map(({ label, score, crowd }) => [label, score, crowd])).toEqual([
      ["tram", 0.5, false],
      ["car", null, true],
    ]);
    expect(boxes_of("none")).toEqual([]);
  });

  it("overlap by the common area over both, and over the detection's alone with a crowd", () => {
    expect(iou(box(0, 0, 0, 10, 10), box(0, 5, 0, 15, 10))).toBeCloseTo(1 / 3);
    expect(iou(box(0, 0, 0, 10, 10), { ...box(0, 5, 0, 15, 10), crowd: true })).toBeCloseTo(0.5);
    expect(iou(box(0, 0, 0, 10, 10), box(0, 10, 0, 20, 10))).toBe(0);
    expect(iou(box(0, 5, 5, 5, 5), box(0, 5, 5, 5, 5))).toBe(0);
  });

  it("are suppressed within their class only, the highest score first", () => {
    const boxes = [box(0, 0, 0, 10, 10, 0.6), box(0, 1, 0, 11, 10, 0.9), box(1, 0, 0, 10, 10, 0.5)];
    expect(suppress(boxes, 0.5).map(({ score }) => score)).toEqual([0.9, 0.5]);
    expect(suppress(boxes, 0.9).map(({ score }) => score)).toEqual([0.9, 0.6, 0.5]);
    expect(suppress([boxes[0]!, boxes[0]!], 1)).toHaveLength(2);
  });

  it("are shown from their score threshold on; objects without a score always", () => {
    const boxes = [box(0, 0, 0, 9, 9, 0.25), box(0, 20, 0, 29, 9, 0.2499), box(0, 40, 0, 49, 9)];
    expect(shown_boxes(boxes, { score: 0.25, nms: 0.5 }).map(({ left }) => left)).toEqual([40, 0]);
  });

  it("are counted by class", () => {
    expect(classes_in([box(2, 0, 0, 1, 1), box(0, 0, 0, 1, 1), box(2, 0, 0, 1, 1)])).toEqual([
      { class: 0, label: "0", count: 1 },
      { class: 2, label: "2", count: 2 },
    ]);
  });
});

describe("the match of detections and objects", () => {
  it("gives an object to the detection with the highest score, and a second one is false", () => {
    const { found, truth, taken } = match_boxes(
      [box(0, 0, 0, 10, 10), box(0, 50, 50, 60, 60)],
      [box(0, 0, 0, 10, 9, 0.4), box(0, 0, 0, 10, 10, 0.8), box(0, 80, 80, 90, 90, 0.3)],
    );
    expect(found).toEqual(["false", "right", "false"]);
    expect(truth).toEqual(["found", "missed"]);
    expect(taken).toEqual([-1, 0, -1]);
  });

  it("takes the later of two equal objects and matches at the threshold itself", () => {
    expect(match_boxes([box(0, 0, 0, 2, 1), box(0, 0, 0, 2, 1)], [box(0, 0, 0, 1, 1, 1)]).taken).toEqual([1]);
    expect(match_boxes([box(0, 0, 0, 2, 1)], [box(0, 0, 0, 0.99, 1, 1)]).found).toEqual(["false"]);
  });

  it("takes ignored objects last, and a crowd any number of times", () => {
    const crowd = { ...box(0, 0, 0, 100, 100), crowd: true };
    const boxes = [box(0, 0, 0, 10, 10, 0.9), box(0, 20, 20, 30, 30, 0.8), box(0, 40, 40, 50, 50, 0.7)];
    const { found, truth } = match_boxes([crowd, box(0, 0, 0, 10, 10)], boxes);
    expect(found).toEqual(["right", "ignored", "ignored"]);
    expect(truth).toEqual(["ignored", "found"]);
  });

  it("calls a detection of another class that lies on an object a confusion", () => {
    const { found, truth } = match_boxes([box(1, 0, 0, 10, 10)], [box(0, 0, 0, 10, 10, 0.9)]);
    expect(found).toEqual(["wrong_class"]);
    expect(truth).toEqual(["missed"]);
  });

  it("is the evaluation's where that has judged, also when a threshold hides detections", () => {
    const truth = boxes_of([
      { class: 0, left: 0, top: 0, right: 9, bottom: 9, outcome: "found" },
      { class: 1, left: 0, top: 0, right: 9, bottom: 9, outcome: "ignored" },
      { class: 1, left: 50, top: 0, right: 59, bottom: 9, outcome: "missed" },
    ]);
    const found = boxes_of([
      { class: 0, left: 0, top: 0, right: 9, bottom: 9, score: 0.9, outcome: "right", object: 0 },
      { class: 1, left: 0, top: 0, right: 9, bottom: 9, score: 0.8, outcome: "ignored", object: 1 },
      { class: 0, left: 50, top: 0, right: 59, bottom: 9, score: 0.7, outcome: "wrong_class", object: 2 },
    ]);
    expect(judge_boxes(truth, truth, found)).toEqual({
      found: ["right", "ignored", "wrong_class"],
      truth: ["found", "ignored", "missed"],
      taken: [0, 1, 2],
    });
    expect(judge_boxes(truth, truth.slice(1), found.slice(1)).truth).toEqual(["ignored", "missed"]);
    expect(judge_boxes(truth, truth, []).truth).toEqual(["missed", "ignored", "missed"]);
    expect(judge_boxes([], [], [box(0, 0, 0, 1, 1, 0.5)]).found).toEqual(["false"]);
  });
});
