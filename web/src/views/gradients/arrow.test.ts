import { expect, test } from "vitest";
import { arrow_path } from "./arrow";

test("an arrow begins in the middle and is as long as its size says", () => {
  const path = arrow_path({ x: 0.5, y: -0.25, color: "red", size: 80 }, 100, 200);
  expect(path.startsWith("M50 100L90 60M90 60L")).toBe(true);
  expect(path.match(/M/g)).toHaveLength(3);
});
