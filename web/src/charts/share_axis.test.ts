import { expect, it } from "vitest";
import { share_axis } from "./share_axis";

it.each([
  [0, { min: 0, max: 1, interval: 0.25 }],
  [0.02, { min: 0, max: 1, interval: 0.25 }],
  [0.3, { min: 0.2, max: 1, interval: 0.2 }],
  [0.62, { min: 0.6, max: 1, interval: 0.1 }],
  [0.985, { min: 0.985, max: 1, interval: 0.005 }],
  [1, { min: 0.999, max: 1, interval: 0.001 }],
])("shares from %s on end at 100 % with labels a step apart", (lowest, axis) =>
  expect(share_axis(lowest)).toEqual(axis),
);
