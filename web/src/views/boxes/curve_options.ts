import { class_colour } from "../../charts/palette";
import { percent } from "../../format/format";
import type { BoxCurve } from "./evaluation";

/** Charts of an evaluation as options of ECharts: no pages here, only data. */

interface Words {
  x: string;
  y: string;
}

function frame(dark: boolean, { x, y }: Words, names: string[]): Record<string, unknown> {
  const text = dark ? "#a4adb9" : "#545c67";
  const line = dark ? "#2a2f38" : "#e2e6eb";
  const axis = {
    type: "value",
    min: 0,
    max: 1,
    axisLine: { lineStyle: { color: line } },
    axisLabel: { color: text, formatter: (value: number) => percent(value, 0), hideOverlap: true },
    splitLine: { lineStyle: { color: line } },
    nameTextStyle: { color: text },
  };
  return {
    animation: false,
    textStyle: { fontFamily: "inherit" },
    grid: { left: 52, right: 18, top: 56, bottom: 44 },
    legend: {
      top: 0,
      left: 0,
      type: "scroll",
      data: names,
      textStyle: { color: text },
      pageTextStyle: { color: text },
      pageIconColor: text,
      itemWidth: 22,
      itemHeight: 8,
    },
    tooltip: {
      trigger: "axis",
      backgroundColor: dark ? "#1c2027" : "#ffffff",
      borderColor: dark ? "#3b424e" : "#ccd2da",
      textStyle: { color: dark ? "#e6e9ee" : "#161a20", fontSize: 12.5 },
      valueFormatter: (value: number) => percent(value, 1),
      order: "valueDesc",
      confine: true,
    },
    xAxis: { ...axis, name: x, nameLocation: "middle", nameGap: 26, splitLine: { show: false } },
    yAxis: { ...axis, name: y, nameTextStyle: { color: text, align: "left" }, nameGap: 9 },
  };
}

const line = (name: string, colour: string, data: [number, number][], width = 2) => ({
  name,
  type: "line",
  showSymbol: false,
  data,
  lineStyle: { width, color: colour },
  itemStyle: { color: colour },
  emphasis: { disabled: true },
});

/** Precision over recall of each class, and their mean. */
export function recall_option(curves: BoxCurve[], all: BoxCurve | null, dark: boolean, words: Words & { all: string }) {
  const points = (curve: BoxCurve) =>
    curve.precision_by_recall.map((value, i, every): [number, number] => [i / Math.max(1, every.length - 1), value]);
  const lines = [
    ...curves.filter(({ objects }) => objects > 0).map((one) => line(one.label, class_colour(one.index), points(one))),
    ...(all && curves.length > 1 ? [line(words.all, dark ? "#e6e9ee" : "#161a20", points(all), 3)] : []),
  ];
  return {
    ...frame(
      dark,
      words,
      lines.map(({ name }) => name),
    ),
    series: lines,
  };
}

/** Precision, recall and F1 over the score threshold, with the best one marked. */
export function threshold_option(
  curve: BoxCurve,
  thresholds: number[],
  best: number,
  dark: boolean,
  words: Words & Record<"precision" | "recall" | "f1", string>,
) {
  const points = (values: number[]) => thresholds.map((at, i): [number, number] => [at, values[i] ?? 0]);
  const f1 = line(words.f1, class_colour(0), points(curve.f1), 3);
  const marked = best < 0 ? f1 : { ...f1, markPoint: mark(thresholds[best] ?? 0, curve.f1[best] ?? 0, dark) };
  return {
    ...frame(dark, words, [words.f1, words.precision, words.recall]),
    series: [
      marked,
      line(words.precision, class_colour(1), points(curve.precision)),
      line(words.recall, class_colour(2), points(curve.recall)),
    ],
  };
}

function mark(x: number, y: number, dark: boolean) {
  return {
    symbol: "circle",
    symbolSize: 12,
    itemStyle: { color: class_colour(0), borderColor: dark ? "#16191e" : "#ffffff", borderWidth: 2 },
    label: {
      show: true,
      position: "top",
      color: dark ? "#e6e9ee" : "#161a20",
      formatter: percent(y, 1),
    },
    data: [{ coord: [x, y] }],
  };
}
