import { expect, test } from "vitest";
import { channels_text, has_pairs } from "./shown_channels";

const t = (key: string, values?: { n: number }) => (values ? `${key} ${values.n}` : key);

test("channels are named, and what a page shows of more than three", () => {
  expect([1, 2, 3, 6].map((n) => channels_text(t, n))).toEqual([
    "channels.1",
    "channels.two 2",
    "channels.3",
    "channels.many 6",
  ]);
  expect([2, 6].map((n) => channels_text(t, n, true))).toEqual(["channels.pair.1", "channels.pair.3"]);
});

test("pairs are numbers to learn without numbers of their own", () => {
  expect(has_pairs({ type: "regression", target: "class" })).toBe(true);
  expect(has_pairs({ type: "regression", target: "tensor" })).toBe(false);
  expect(has_pairs({ type: "classification", target: "class" })).toBe(false);
});
