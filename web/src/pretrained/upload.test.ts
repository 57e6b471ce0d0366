import { expect, test } from "vitest";
import { part_of } from "./upload";

test("a file is known by its ending", () => {
  expect(
    [
      "lenet.tar.gz",
      "LeNet.ZIP",
      "a.caffemodel",
      "a.caffemodel.h5",
      "n.prototxt",
      "labels.txt",
      "mean.binaryproto",
      "x.pkl",
    ].map(part_of),
  ).toEqual(["archive", "archive", "weights", "weights", "network", "labels", "mean", null]);
});
