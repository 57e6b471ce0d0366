import { describe, expect, it } from "vitest";
import type { Metrics, MetricsEvent } from "./client";
import { MetricSeries, smooth } from "./metric_series";

function event(iteration: number, loss: number | null, phase: "train" | "val" = "train"): MetricsEvent {
  return { job: "x", iteration, epoch: iteration / 100, phase, values: { loss } };
}

function metrics(iterations: number[]): Metrics {
  const series = {
    iteration: iterations,
    epoch: iterations.map((i) => i / 100),
    value: iterations.map((i) => 1 / i),
    points: iterations.length,
  };
  return { series: { "train/loss": series }, last_iteration: iterations.at(-1) ?? -1 };
}

describe("MetricSeries", () => {
  it("joins what was kept and what came live, each point once and in order", () => {
    const series = new MetricSeries();
    series.push(event(20, 9));
    series.push(event(40, 9));
    series.load(metrics([10, 20, 30]));
    series.push(event(40, 9));
    series.push(event(50, 8));
    expect(series.get("train/loss")!.iteration).toEqual([10, 20, 30, 40, 50]);
    expect(series.last("train/loss")).toBe(8);
  });

  it("keeps newer live points when it is loaded again, thinned", () => {
    const series = new MetricSeries();
    series.load(metrics([10, 20, 30]));
    series.push(event(40, 4));
    series.push(event(40, 0.5, "val"));
    series.load(metrics([10, 30]));
    expect(series.get("train/loss")!.iteration).toEqual([10, 30, 40]);
    expect(series.get("val/loss")!.value).toEqual([0.5]);
    expect(series.names()).toEqual(["train/loss", "val/loss"]);
  });

  it("keeps a value that is not a number as a gap", () => {
    const series = new MetricSeries();
    series.load({ series: {}, last_iteration: -1 });
    series.push(event(10, null));
    expect(series.get("train/loss")!.value).toEqual([null]);
  });
});

describe("smooth", () => {
  it("leaves values as they are without weight", () => {
    expect(smooth([1, null, 3], 0)).toEqual([1, null, 3]);
  });

  it("starts at the first value and follows slowly, over gaps", () => {
    const smoothed = smooth([1, null, 2, 2], 0.5) as (number | null)[];
    expect(smoothed[0]).toBeCloseTo(1);
    expect(smoothed[1]).toBeNull();
    // (0.5·(0.5·1) + 0.5·2) / (1 − 0.25)
    expect(smoothed[2]).toBeCloseTo(1.25 / 0.75);
    expect(smoothed[3]).toBeGreaterThan(smoothed[2]!);
  });
});
