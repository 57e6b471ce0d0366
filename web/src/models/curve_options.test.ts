import { describe, expect, it } from "vitest";
import type { MetricsEvent } from "../api/client";
import { MetricSeries } from "../api/metric_series";
import { class_colour } from "../charts/palette";
import { type CurveView, curve_option } from "./curve_options";

interface Drawn {
  name: string;
  showSymbol: boolean;
  xAxisIndex: number;
  lineStyle: { color: string; type?: unknown };
}

function run(points: number): MetricSeries {
  const series = new MetricSeries();
  series.load({ series: {}, last_iteration: -1 });
  for (let i = 1; i <= points; i++)
    for (const [phase, values] of [
      ["train", { loss: 1 / i, lr: 0.01 }],
      ["val", { loss: 2 / i, accuracy: 1 - 1 / i }],
    ] as const)
      series.push({ job: "a", phase, iteration: i * 10, epoch: i, values } as MetricsEvent);
  return series;
}

const view: CurveView = {
  x: "epoch",
  log: false,
  smoothing: 0,
  strip: "train/lr",
  dark: false,
  best: null,
  name: "this",
  words: {
    x: "Epoch",
    strip: "Learning rate",
    best: "Best",
    loss: "loss",
    scores: "Scores",
    accuracy: "accuracy",
    series: (name) => name,
  },
};

const lines = (option: Record<string, unknown>) => option.series as Drawn[];

describe("the curves", () => {
  it("end at the last point that there is, not at the planned end", () => {
    const { xAxis } = curve_option(run(3), view) as unknown as {
      xAxis: { max: number; axisLabel: { formatter: (value: number) => string } }[];
    };
    expect(xAxis.map(({ max }) => max)).toEqual([3, 3, 3]);
    const { axisLabel } = xAxis[2]!;
    expect([1.7391304347826086, 12345].map(axisLabel.formatter)).toEqual(["1.74", "12,345"]);
    const other = curve_option(run(3), { ...view, others: [{ name: "b", series: run(5) }] });
    expect((other.xAxis as { max: number }[])[0]!.max).toBe(5);
  });

  it("are not flattened by a loss before the training that means nothing", () => {
    const ends = (before: number) => {
      const series = run(0);
      for (const [epoch, loss] of [before, 2, 0.5].entries())
        series.push({ job: "a", phase: "val", iteration: epoch * 10, epoch, values: { loss } } as MetricsEvent);
      return (curve_option(series, view).yAxis as { max?: number }[])[0]!.max;
    };
    expect(ends(3.3e18)).toBe(2);
    expect(ends(2.3)).toBeUndefined();
  });

  it("have one colour a run and one line style a split", () => {
    const drawn = lines(curve_option(run(3), { ...view, others: [{ name: "b", series: run(3) }] }));
    const style = (name: string) => drawn.find((one) => one.name === name)!.lineStyle;
    expect(style("this · val/loss")).toMatchObject({ color: class_colour(0), type: "solid" });
    expect(style("this · val/accuracy")).toMatchObject({ color: class_colour(0), type: "solid" });
    expect(style("this · train/loss").color).toBe(class_colour(0));
    expect(style("b · val/loss")).toMatchObject({ color: class_colour(1), type: "solid" });
    expect(style("this · train/loss").type).toEqual(style("b · train/loss").type);
    expect(style("this · train/loss").type).not.toBe("solid");
  });

  it("have markers only while points are sparse", () => {
    const marked = (points: number) =>
      lines(curve_option(run(points), view)).find(({ name }) => name === "val/loss")!.showSymbol;
    expect(marked(1)).toBe(true);
    expect(marked(200)).toBe(false);
  });

  it("have a plot each for loss and accuracy", () => {
    const drawn = lines(curve_option(run(3), view));
    const plot = (name: string) => drawn.find((one) => one.name === name)!.xAxisIndex;
    expect([plot("train/loss"), plot("val/loss"), plot("val/accuracy")]).toEqual([0, 0, 1]);
  });

  it("of several scores say which they are, and the star is on the one that judges", () => {
    const series = new MetricSeries();
    series.load({ series: {}, last_iteration: -1 });
    const values = { loss: 1, mAP: 0.4, mAP50: 0.6, recall: 0.5 };
    for (const iteration of [10, 20])
      series.push({ job: "a", phase: "val", iteration, epoch: iteration / 10, values } as MetricsEvent);
    type Named = Drawn & { endLabel?: { formatter: () => string }; markPoint?: object };
    const of = (choice: Partial<CurveView>) =>
      lines(curve_option(series, { ...view, best: { iteration: 20, epoch: 2 }, ...choice })) as Named[];
    const named = (drawn: Named[]) => drawn.flatMap(({ endLabel }) => endLabel?.formatter() ?? []);
    expect(named(of({}))).toEqual(["mAP", "mAP50", "recall"]);
    expect(of({}).flatMap(({ name, markPoint }) => (markPoint ? name : []))).toEqual(["val/mAP"]);
    expect(named(of({ others: [{ name: "b", series: run(3) }] }))).toEqual([]);
  });
});
