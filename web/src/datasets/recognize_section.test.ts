import { expect, test } from "vitest";
import { without_notes } from "./recognize_section";

test("what was found is told without the notes, which have lines of their own", () => {
  const notes = ["ImageSets found", "2 images without boxes"];
  const text = "Pascal VOC, 364 images, 3 classes, ImageSets found, 2 images without boxes";
  expect(without_notes({ text, notes })).toBe("Pascal VOC, 364 images, 3 classes");
  expect(without_notes({ text: "KITTI, 18 images" })).toBe("KITTI, 18 images");
});
