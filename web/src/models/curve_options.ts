import type { MetricSeries } from "../api/metric_series";
import { smooth } from "../api/metric_series";
import { class_colour } from "../charts/palette";
import { share_axis } from "../charts/share_axis";
import { metric, significant } from "../format/format";
import { is_score, is_share, judges_of } from "../format/judged";

export interface CurveView {
  x: "epoch" | "iteration";
  log: boolean;
  smoothing: number;
  strip: string;
  dark: boolean;
  best: { iteration: number; epoch: number } | null;
  /** This run, where others are drawn as well. */
  name: string;
  words: {
    x: string;
    strip: string;
    best: string;
    loss: string;
    accuracy: string;
    /** Where not all are accuracies. */
    scores: string;
    series: (name: string) => string;
  };
  /** Other runs, each in a colour of its own. */
  others?: { name: string; series: MetricSeries }[];
}

/** With more points than that a line is read without its markers. */
const most_markers = 30;

/** Series that measure the run, not the network: they get the strip below. */
export const strip_series = ["train/lr", "train/images_per_s", "train/data_wait"];

export function curve_names(series: MetricSeries): string[] {
  return series.names().filter((name) => !strip_series.includes(name) && !/\/(lr|images_per_s|data_wait)$/.test(name));
}

interface Plot {
  name: string;
  top: number;
  height: number;
  series: string[];
}

/** Height of the whole chart: the loss, the scores below it where there are some, and the strip. */
export const curves_height = 560;

function plots_of(names: string[], words: CurveView["words"]): Plot[] {
  const scores = names.filter(is_score);
  const loss = names.filter((name) => !is_score(name));
  const scores_name = scores.every((name) => /accuracy/i.test(name)) ? words.accuracy : words.scores;
  const top = 48;
  const room = curves_height - top - 118;
  if (scores.length === 0) return [{ name: words.loss, top, height: room, series: loss }];
  if (loss.length === 0) return [{ name: scores_name, top, height: room, series: scores }];
  const gap = 34;
  const upper = Math.round((room - gap) * 0.58);
  return [
    { name: words.loss, top, height: upper, series: loss },
    { name: scores_name, top: top + upper + gap, height: room - gap - upper, series: scores },
  ];
}

/** ECharts' option for the curves: a plot for the loss, one for the scores, the strip below, one crosshair over all. */
export function curve_option(series: MetricSeries, view: CurveView): Record<string, unknown> {
  const text = view.dark ? "#a4adb9" : "#545c67";
  const line = view.dark ? "#2a2f38" : "#e6e9ee";
  const names = curve_names(series);
  const plots = plots_of(names, view.words);
  const others = view.others ?? [];
  const runs = [{ name: view.name, series }, ...others];
  const kinds = new Map(runs.flatMap((_, i) => names.map((name) => [series_name(view, i, name), name] as const)));
  const drawn: Record<string, unknown>[] = [];
  // Lines of one colour are told apart by their names at the end.
  const named = plots.map((plot) => others.length === 0 && plot.series.filter(is_validated).length > 1);
  plots.forEach((plot, at) => {
    for (const name of plot.series)
      runs.forEach((run, i) => {
        drawn.push(...lines_of(run.series, name, at, i, view, named[at]! && is_validated(name)));
      });
  });
  const strip_at = plots.length;
  const grey = view.dark ? "#a4adb9" : "#545c67";
  drawn.push({
    name: view.words.strip,
    type: "line",
    data: points(series, view.strip, view.x, 0),
    xAxisIndex: strip_at,
    yAxisIndex: strip_at,
    step: view.strip === "train/lr" ? "end" : false,
    showSymbol: false,
    lineStyle: { width: 1.5, color: grey },
    itemStyle: { color: grey },
  });
  const axis = {
    axisLine: { lineStyle: { color: line } },
    axisTick: { lineStyle: { color: line } },
    axisLabel: { color: text },
    splitLine: { lineStyle: { color: line } },
  };
  const x_axis = {
    type: "value",
    min: 0,
    max: x_end(view, runs),
    ...axis,
    // The end of a running training is not a round number.
    axisLabel: { color: text, formatter: axis_number, hideOverlap: true },
    splitLine: { show: false },
    axisPointer: { label: { show: false } },
  };
  const y_name = { nameTextStyle: { color: text, align: "left", fontWeight: 600 }, nameGap: 9 };
  const sides = { left: 56, right: named.includes(true) ? 104 : 20 };
  return {
    animation: false,
    textStyle: { fontFamily: "inherit" },
    grid: [...plots.map(({ top, height }) => ({ ...sides, top, height })), { ...sides, height: 46, bottom: 44 }],
    legend: {
      top: 0,
      left: 0,
      type: "scroll",
      textStyle: { color: text },
      data: runs.flatMap((_, i) => names.map((name) => series_name(view, i, name))),
      itemWidth: 26,
      itemHeight: 8,
      pageTextStyle: { color: text },
      pageIconColor: text,
    },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    tooltip: {
      trigger: "axis",
      backgroundColor: view.dark ? "#1c2027" : "#ffffff",
      borderColor: view.dark ? "#3b424e" : "#ccd2da",
      textStyle: { color: view.dark ? "#e6e9ee" : "#161a20", fontSize: 12.5 },
      formatter: (items: TooltipItem[]) => tooltip(items, view, kinds),
    },
    dataZoom: [
      {
        type: "inside",
        xAxisIndex: [...plots.keys(), strip_at],
        filterMode: "none",
        zoomOnMouseWheel: "ctrl",
        moveOnMouseMove: false,
      },
    ],
    xAxis: [
      ...plots.map((_, at) => ({ ...x_axis, gridIndex: at, axisLabel: { show: false } })),
      {
        ...x_axis,
        gridIndex: strip_at,
        name: view.words.x,
        nameLocation: "middle",
        nameGap: 24,
        nameTextStyle: { color: text },
      },
    ],
    yAxis: [
      ...plots.map((plot, at) => {
        const shares =
          plot.series.every(is_share) &&
          runs.every((run) => plot.series.every((name) => stays_below_1(run.series, name)));
        return {
          type: view.log && !shares ? "log" : "value",
          gridIndex: at,
          name: plot.name,
          ...y_name,
          ...(shares
            ? share_axis(lowest_of(runs, plot.series))
            : {
                min: view.log ? undefined : 0,
                max: view.log ? undefined : end_without_start(runs, plot.series),
                splitNumber: 5,
              }),
          ...axis,
          axisLabel: {
            color: text,
            formatter: (value: number) => (shares ? `${significant(value * 100, 3)} %` : significant(value, 3)),
          },
        };
      }),
      {
        type: "value",
        gridIndex: strip_at,
        splitNumber: 2,
        ...axis,
        name: view.words.strip,
        ...y_name,
        axisLabel: { color: text, formatter: (value: number) => significant(value, 2) },
      },
    ],
    series: drawn,
  };
}

function axis_number(value: number): string {
  return significant(value, value < 100 ? 3 : 7);
}

/** All plots end at the last point that is drawn, also while it runs. */
function x_end(view: CurveView, runs: { series: MetricSeries }[]): number | undefined {
  let end = 0;
  for (const { series } of runs)
    for (const name of series.names()) end = Math.max(end, series.get(name)![view.x].at(-1) ?? 0);
  return end > 0 ? end : undefined;
}

/** What a line is called in legend and tooltip; the run's name only where there are several. */
function series_name(view: CurveView, run: number, name: string): string {
  const word = view.words.series(name);
  const others = view.others ?? [];
  if (others.length === 0) return word;
  return `${run === 0 ? view.name : others[run - 1]!.name} · ${word}`;
}

function points(
  series: MetricSeries,
  name: string,
  x: "epoch" | "iteration",
  smoothing: number,
): [number, number | null][] {
  const curve = series.get(name);
  if (!curve) return [];
  const values = smooth(curve.value, smoothing);
  return curve[x].map((at, i) => [at, values[i] ?? null]);
}

/** One colour a run, one line style a split: training dashed, validation solid. Behind a smoothed line the measured one, faint. */
function lines_of(
  series: MetricSeries,
  name: string,
  plot: number,
  run: number,
  view: CurveView,
  named: boolean,
): Record<string, unknown>[] {
  const curve = series.get(name);
  if (!curve) return [];
  const train = name.startsWith("train/");
  const colour = class_colour(run);
  const smoothing = train ? view.smoothing : 0;
  const base = {
    name: series_name(view, run, name),
    type: "line",
    xAxisIndex: plot,
    yAxisIndex: plot,
    showSymbol: curve.value.length <= most_markers,
    symbol: "circle",
    symbolSize: 5,
    itemStyle: { color: colour },
    emphasis: { disabled: true },
  };
  const strong: Record<string, unknown> = {
    ...base,
    data: points(series, name, view.x, smoothing),
    lineStyle: { width: train ? 1.5 : 2, color: colour, type: train ? [5, 3] : "solid" },
    z: 3,
  };
  if (named) {
    strong.endLabel = {
      show: true,
      formatter: () => view.words.series(name.replace(/^\w+\//, "")),
      color: view.dark ? "#a4adb9" : "#545c67",
      fontSize: 11,
    };
    strong.labelLayout = { moveOverlap: "shiftY" };
  }
  if (run === 0 && !train && view.best && marks_best(series, name)) {
    const at = curve.iteration.indexOf(view.best.iteration);
    if (at >= 0 && curve.value[at] !== null) {
      strong.markPoint = {
        symbol: "path://M0 -10 L2.9 -3.1 L10 -3.1 L4.5 1.2 L6.5 8.1 L0 4 L-6.5 8.1 L-4.5 1.2 L-10 -3.1 L-2.9 -3.1 Z",
        symbolSize: 14,
        itemStyle: { color: colour, borderColor: view.dark ? "#16191e" : "#fff", borderWidth: 1 },
        label: { show: false },
        data: [{ name: view.words.best, coord: [curve[view.x][at], curve.value[at]] }],
      };
    }
  }
  if (smoothing <= 0) return [strong];
  return [
    {
      ...base,
      showSymbol: false,
      data: points(series, name, view.x, 0),
      lineStyle: { width: 1, color: colour, opacity: 0.25 },
      silent: true,
      tooltip: { show: false },
    },
    strong,
  ];
}

/** Of what is drawn. */
function lowest_of(runs: { series: MetricSeries }[], names: string[]): number {
  let lowest = 1;
  for (const { series } of runs)
    for (const name of names)
      for (const value of series.get(name)?.value ?? []) if (value !== null) lowest = Math.min(lowest, value);
  return lowest;
}

/** So many times higher than all later ones, a value before the training would leave them a flat line. */
const far_above = 10;

/**
 * Where an axis ends if what was validated before the training is far above the rest: the statistics of BatchNorm layers are empty then, and the
 * loss of such a network can be any number. Undefined where it is not: the axis has room for all.
 */
function end_without_start(runs: { series: MetricSeries }[], names: string[]): number | undefined {
  let start = 0;
  let rest = 0;
  for (const { series } of runs)
    for (const name of names) {
      const curve = series.get(name);
      curve?.value.forEach((value, at) => {
        if (value === null || !Number.isFinite(value)) return;
        if (is_validated(name) && curve.iteration[at] === 0) start = Math.max(start, value);
        else rest = Math.max(rest, value);
      });
    }
  if (rest <= 0 || start <= far_above * rest) return undefined;
  const unit = 10 ** Math.floor(Math.log10(rest));
  return [1, 2, 2.5, 5, 10].map((step) => step * unit).find((end) => end >= rest);
}

/** DetectNet's layers count in percent: their axis ends at no 1. */
function stays_below_1(series: MetricSeries, name: string): boolean {
  return (series.get(name)?.value ?? []).every((value) => value === null || value <= 1);
}

function is_validated(name: string): boolean {
  return name.startsWith("val/");
}

/** The star stands on what the model is judged by; else on the scores, and on the loss where there are none. */
function marks_best(series: MetricSeries, name: string): boolean {
  const validated = series.names().filter(is_validated);
  const [judge] = judges_of(Object.fromEntries(validated.map((one) => [one.slice("val/".length), 0])));
  if (judge) return name === `val/${judge}`;
  if (is_score(name)) return true;
  return !series.names().some((other) => other.startsWith("val/") && is_score(other));
}

interface TooltipItem {
  seriesName: string;
  seriesIndex: number;
  marker: string;
  value: [number, number | null];
  axisValue: number;
}

function tooltip(items: TooltipItem[], view: CurveView, kinds: Map<string, string>): string {
  const last = new Map<string, TooltipItem>();
  for (const item of items) last.set(item.seriesName, item);
  const lines = [...last.values()].map(({ seriesName, marker, value }) => {
    const shown =
      value[1] === null
        ? "NaN"
        : seriesName === view.words.strip
          ? significant(value[1])
          : metric(kinds.get(seriesName) ?? seriesName, value[1]);
    return `${marker}${escape_html(seriesName)}&nbsp;&nbsp;<b>${shown}</b>`;
  });
  return [`${escape_html(view.words.x)} ${significant(items[0]?.axisValue)}`, ...lines].join("<br>");
}

function escape_html(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
