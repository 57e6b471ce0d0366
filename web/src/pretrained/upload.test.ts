import { expect, test } from "vitest";
import { part_of, says_preparation } from "./upload";

test("a file is known by its ending", () => {
  expect(
    [
      "lenet.tar.gz",
      "LeNet.ZIP",
      "resnet.ONNX",
      "a.caffemodel",
      "a.caffemodel.h5",
      "n.prototxt",
      "labels.txt",
      "mean.binaryproto",
      "x.pkl",
    ].map(part_of),
  ).toEqual(["archive", "archive", "onnx", "weights", "weights", "network", "labels", "mean", null]);
});

test("an ONNX file of Digits is known by what it says at its end", async () => {
  const file = (...parts: BlobPart[]) => new File(parts, "x.onnx");
  expect(await says_preparation(file("weights", "digits.preprocessing", '{"resize": "squash"}'))).toBe(true);
  expect(await says_preparation(file("pytorch"))).toBe(false);
});
