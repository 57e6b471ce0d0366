import type { MetricSeries } from "../api/metric_series";
import { smooth } from "../api/metric_series";
import { class_colour, train_colour, val_colour } from "../charts/palette";
import { metric, significant } from "../format/format";

export interface CurveView {
  x: "epoch" | "iteration";
  log: boolean;
  smoothing: number;
  strip: string;
  dark: boolean;
  epochs: number | null;
  best: { iteration: number; epoch: number } | null;
  words: { x: string; strip: string; best: string; loss: string; accuracy: string };
  /** Other runs, drawn behind this one. */
  others?: { name: string; series: MetricSeries }[];
}

/** Series that measure the run, not the network: they get the strip below. */
export const strip_series = ["train/lr", "train/images_per_s", "train/data_wait"];

export function is_accuracy(name: string): boolean {
  return /accuracy/i.test(name);
}

export function curve_names(series: MetricSeries): string[] {
  return series.names().filter((name) => !strip_series.includes(name) && !/\/(lr|images_per_s|data_wait)$/.test(name));
}

/** ECharts' option for the curves: loss left, accuracy right, the strip below, one crosshair over both. */
export function curve_option(series: MetricSeries, view: CurveView): Record<string, unknown> {
  const text = view.dark ? "#c1c2c5" : "#495057";
  const line = view.dark ? "#373a40" : "#e9ecef";
  const names = curve_names(series);
  const drawn: Record<string, unknown>[] = [];
  for (const name of names) drawn.push(...lines_of(series, name, view));
  const others = view.others ?? [];
  others.forEach((other, i) => {
    for (const name of names) drawn.push(other_line(other, name, i, view));
  });
  const strip = points(series, view.strip, view.x, 0);
  drawn.push({
    name: view.words.strip,
    type: "line",
    data: strip,
    xAxisIndex: 1,
    yAxisIndex: 2,
    step: view.strip === "train/lr" ? "end" : false,
    showSymbol: false,
    lineStyle: { width: 1.5, color: view.dark ? "#adb5bd" : "#495057" },
    itemStyle: { color: view.dark ? "#adb5bd" : "#495057" },
  });
  const axis = {
    axisLine: { lineStyle: { color: line } },
    axisLabel: { color: text },
    splitLine: { lineStyle: { color: line } },
  };
  const x_axis = {
    type: "value",
    min: 0,
    max: x_end(view, series),
    ...axis,
    splitLine: { show: false },
    axisPointer: { label: { show: false } },
  };
  return {
    animation: false,
    textStyle: { fontFamily: "inherit" },
    grid: [
      { left: 58, right: 62, top: 56, bottom: 126 },
      { left: 58, right: 62, height: 52, bottom: 42 },
    ],
    legend: {
      top: 0,
      left: 0,
      type: "scroll",
      textStyle: { color: text },
      data: [...names, ...others.flatMap((other) => names.map((name) => `${other.name} ${name}`))],
      itemWidth: 26,
      pageTextStyle: { color: text },
      pageIconColor: text,
    },
    axisPointer: { link: [{ xAxisIndex: [0, 1] }] },
    tooltip: {
      trigger: "axis",
      backgroundColor: view.dark ? "#25262b" : "#ffffff",
      borderColor: line,
      textStyle: { color: view.dark ? "#e9ecef" : "#212529", fontSize: 12.5 },
      formatter: (items: TooltipItem[]) => tooltip(items, view),
    },
    dataZoom: [
      { type: "inside", xAxisIndex: [0, 1], filterMode: "none", zoomOnMouseWheel: "ctrl", moveOnMouseMove: false },
      { type: "inside", xAxisIndex: [0, 1], filterMode: "none", zoomOnMouseWheel: false, moveOnMouseMove: true },
    ].slice(0, 1),
    xAxis: [
      { ...x_axis, gridIndex: 0, axisLabel: { show: false } },
      {
        ...x_axis,
        gridIndex: 1,
        name: view.words.x,
        nameLocation: "middle",
        nameGap: 24,
        nameTextStyle: { color: text },
      },
    ],
    yAxis: [
      {
        type: view.log ? "log" : "value",
        gridIndex: 0,
        name: view.words.loss,
        nameTextStyle: { color: text },
        min: view.log ? undefined : 0,
        ...axis,
        axisLabel: { color: text, formatter: (value: number) => significant(value, 3) },
      },
      {
        type: "value",
        gridIndex: 0,
        name: view.words.accuracy,
        nameTextStyle: { color: text },
        min: 0,
        max: 1,
        show: names.some(is_accuracy),
        ...axis,
        splitLine: { show: false },
        axisLabel: { color: text, formatter: (value: number) => `${Math.round(value * 100)} %` },
      },
      {
        type: "value",
        gridIndex: 1,
        splitNumber: 2,
        ...axis,
        name: view.words.strip,
        nameTextStyle: { color: text, align: "left" },
        nameGap: 6,
        axisLabel: { color: text, formatter: (value: number) => significant(value, 2) },
      },
    ],
    series: drawn,
  };
}

/** Both plots end at the same place: the planned end, or the last point of any run that is drawn. */
function x_end(view: CurveView, series: MetricSeries): number | undefined {
  const others = view.others ?? [];
  if (view.x === "epoch" && view.epochs !== null && others.length === 0) return view.epochs;
  if (others.length === 0) return undefined;
  let end = view.x === "epoch" ? (view.epochs ?? 0) : 0;
  for (const one of [series, ...others.map((other) => other.series)])
    for (const name of one.names()) end = Math.max(end, one.get(name)![view.x].at(-1) ?? 0);
  return end;
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

function lines_of(series: MetricSeries, name: string, view: CurveView): Record<string, unknown>[] {
  const train = name.startsWith("train/");
  const accuracy = is_accuracy(name);
  const colour = train ? train_colour : val_colour;
  const smoothing = train ? view.smoothing : 0;
  const base = {
    name,
    type: "line",
    yAxisIndex: accuracy ? 1 : 0,
    xAxisIndex: 0,
    showSymbol: !train,
    symbol: "circle",
    symbolSize: 5,
    itemStyle: { color: colour },
    emphasis: { disabled: true },
  };
  const strong: Record<string, unknown> = {
    ...base,
    data: points(series, name, view.x, smoothing),
    lineStyle: { width: 2, color: colour, type: accuracy ? "dashed" : "solid" },
    z: 3,
  };
  if (!train && view.best && marks_best(series, name)) {
    const curve = series.get(name)!;
    const at = curve.iteration.indexOf(view.best.iteration);
    if (at >= 0 && curve.value[at] !== null) {
      strong.markPoint = {
        symbol: "path://M0 -10 L2.9 -3.1 L10 -3.1 L4.5 1.2 L6.5 8.1 L0 4 L-6.5 8.1 L-4.5 1.2 L-10 -3.1 L-2.9 -3.1 Z",
        symbolSize: 14,
        itemStyle: { color: val_colour, borderColor: view.dark ? "#1a1b1e" : "#fff", borderWidth: 1 },
        label: { show: false },
        data: [{ name: view.words.best, coord: [curve[view.x][at], curve.value[at]] }],
      };
    }
  }
  if (smoothing <= 0) return [strong];
  return [
    {
      ...base,
      data: points(series, name, view.x, 0),
      lineStyle: { width: 1, color: colour, opacity: 0.28 },
      silent: true,
      tooltip: { show: false },
    },
    strong,
  ];
}

/** Like this run's line of the same name, in the colour of the other run and thinner. */
function other_line(
  other: { name: string; series: MetricSeries },
  name: string,
  index: number,
  view: CurveView,
): Record<string, unknown> {
  const accuracy = is_accuracy(name);
  // Behind the first two, which look like this run's own colours.
  const colour = class_colour(index + 2);
  return {
    name: `${other.name} ${name}`,
    type: "line",
    yAxisIndex: accuracy ? 1 : 0,
    xAxisIndex: 0,
    showSymbol: false,
    itemStyle: { color: colour },
    lineStyle: { width: name.startsWith("train/") ? 1 : 1.5, color: colour, type: accuracy ? "dashed" : "solid" },
    data: points(other.series, name, view.x, name.startsWith("train/") ? view.smoothing : 0),
    emphasis: { disabled: true },
    z: 2,
  };
}

/** The star stands on the accuracy, and on the loss where there is no accuracy. */
function marks_best(series: MetricSeries, name: string): boolean {
  if (is_accuracy(name)) return true;
  return !series.names().some((other) => other.startsWith("val/") && is_accuracy(other));
}

interface TooltipItem {
  seriesName: string;
  seriesIndex: number;
  marker: string;
  value: [number, number | null];
  axisValue: number;
}

function tooltip(items: TooltipItem[], view: CurveView): string {
  const last = new Map<string, TooltipItem>();
  for (const item of items) last.set(item.seriesName, item);
  const lines = [...last.values()].map(({ seriesName, marker, value }) => {
    const shown =
      value[1] === null
        ? "NaN"
        : seriesName === view.words.strip
          ? significant(value[1])
          : metric(seriesName, value[1]);
    return `${marker}${escape_html(seriesName)}&nbsp;&nbsp;<b>${shown}</b>`;
  });
  return [`${escape_html(view.words.x)} ${significant(items[0]?.axisValue)}`, ...lines].join("<br>");
}

function escape_html(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
