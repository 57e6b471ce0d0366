import { describe, expect, it } from "vitest";
import { type LrPolicy, lr_at, lr_curve, lr_said } from "./lr_policy";

const options = { base_lr: 0.01, gamma: 0.1, power: 0.5, step_percent: 33, steps_percent: [50, 85] };
const at = (policy: LrPolicy, percent: number, more = {}) => lr_at(percent, { ...options, policy, ...more });

describe("lr_at", () => {
  it("follows DIGITS' formulas", () => {
    expect(at("fixed", 70)).toBe(0.01);
    expect(at("step", 32)).toBe(0.01);
    expect(at("step", 33)).toBeCloseTo(0.001);
    expect(at("step", 100)).toBeCloseTo(1e-5);
    expect(at("multistep", 49)).toBe(0.01);
    expect(at("multistep", 50, { gamma: 0.5 })).toBeCloseTo(0.005);
    expect(at("multistep", 90, { gamma: 0.5 })).toBeCloseTo(0.0025);
    expect(at("exp", 2, { gamma: 0.95 })).toBeCloseTo(0.01 * 0.9025);
    expect(at("inv", 30)).toBeCloseTo(0.01 * 4 ** -0.5);
    expect(at("poly", 50, { power: 3 })).toBeCloseTo(0.01 / 8);
    expect(at("poly", 100, { power: 3 })).toBe(0);
    expect(at("sigmoid", 50, { step_percent: 50 })).toBeCloseTo(0.005);
    expect(at("cosine", 50)).toBeCloseTo(0.005);
    expect(at("cosine", 5, { warmup_percent: 10 })).toBeCloseTo(0.005);
    expect(at("cosine", 55, { warmup_percent: 10 })).toBeCloseTo(0.005);
    expect(at("cosine", 100, { warmup_percent: 10 })).toBeCloseTo(0);
  });

  it("covers the whole training", () => {
    const curve = lr_curve({ ...options, policy: "step" }, 11);
    expect(curve.map(({ percent }) => percent)).toEqual([0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]);
  });
});

it("is told with its highest value where it rises first", () => {
  expect(lr_said([0, 0.002, 0.001, 0])).toEqual({ from: 0, most: 0.002, to: 0, rises: true });
  expect(lr_said([0.01, 0.001]).rises).toBe(false);
  expect(lr_said([0.01, 0.01]).rises).toBe(false);
});
