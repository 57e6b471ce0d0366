import { type MetricSeries, smooth } from "../api/metric_series";
import { class_colour } from "../charts/palette";
import { metric, significant } from "../format/format";
import { is_share } from "../format/judged";

export interface Run {
  name: string;
  series: MetricSeries;
}

export interface CompareView {
  chosen: string[];
  x: "epoch" | "iteration";
  log: boolean;
  smoothing: number;
  dark: boolean;
  x_word: string;
  /** A series in words. */
  series_word: (name: string) => string;
}

const plot_px = 230;
const gap_px = 44;
const head_px = 40;

export function chart_height(count: number): number {
  return head_px + Math.max(1, count) * (plot_px + gap_px);
}

/** A run keeps its colour; beyond the palette the lines are dashed. */
export function run_colour(index: number): string {
  return class_colour(index);
}

/** One plot for each chosen series under one another, one line for each run, one crosshair over all. */
export function compare_option(runs: Run[], view: CompareView): Record<string, unknown> {
  const text = view.dark ? "#a4adb9" : "#545c67";
  const line = view.dark ? "#2a2f38" : "#e6e9ee";
  const axis = {
    axisLine: { lineStyle: { color: line } },
    axisLabel: { color: text },
    splitLine: { lineStyle: { color: line } },
  };
  const drawn = view.chosen.flatMap((name, plot) =>
    runs.map((run, i) => {
      const curve = run.series.get(name);
      const values = curve ? smooth(curve.value, name.startsWith("train/") ? view.smoothing : 0) : [];
      return {
        name: run.name,
        type: "line",
        xAxisIndex: plot,
        yAxisIndex: plot,
        showSymbol: values.length <= 30,
        symbol: "circle",
        symbolSize: 5,
        data: curve ? curve[view.x].map((at, k) => [at, values[k] ?? null]) : [],
        itemStyle: { color: run_colour(i) },
        lineStyle: { width: 2, color: run_colour(i), type: i < 10 ? "solid" : "dashed" },
        emphasis: { disabled: true },
      };
    }),
  );
  const rows = view.chosen.map((_, plot) => head_px + 16 + plot * (plot_px + gap_px));
  return {
    animation: false,
    textStyle: { fontFamily: "inherit" },
    grid: rows.map((top) => ({ left: 64, right: 16, top, height: plot_px - 16 })),
    legend: {
      top: 0,
      left: 0,
      type: "scroll",
      data: runs.map((run) => run.name),
      textStyle: { color: text },
      pageTextStyle: { color: text },
      pageIconColor: text,
    },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    tooltip: {
      trigger: "axis",
      backgroundColor: view.dark ? "#1c2027" : "#ffffff",
      borderColor: line,
      textStyle: { color: view.dark ? "#e9ecef" : "#212529", fontSize: 12.5 },
      formatter: (items: TooltipItem[]) => tooltip(items, view),
    },
    dataZoom: [
      {
        type: "inside",
        xAxisIndex: view.chosen.map((_, i) => i),
        filterMode: "none",
        zoomOnMouseWheel: "ctrl",
        moveOnMouseMove: false,
      },
    ],
    xAxis: view.chosen.map((_, plot) => ({
      type: "value",
      gridIndex: plot,
      min: 0,
      ...axis,
      splitLine: { show: false },
      axisPointer: { label: { show: false } },
      name: plot === view.chosen.length - 1 ? view.x_word : "",
      nameLocation: "middle",
      nameGap: 24,
      nameTextStyle: { color: text },
    })),
    yAxis: view.chosen.map((name, plot) => ({
      type: view.log && !is_share(name) ? "log" : "value",
      gridIndex: plot,
      scale: true,
      name: view.series_word(name),
      nameTextStyle: { color: text, align: "left", fontWeight: 600 },
      ...axis,
      axisLabel: {
        color: text,
        formatter: (value: number) =>
          is_share(name) && value <= 1 ? `${significant(value * 100, 3)} %` : significant(value, 3),
      },
    })),
    series: drawn,
  };
}

interface TooltipItem {
  seriesName: string;
  seriesIndex: number;
  axisIndex: number;
  marker: string;
  value: [number, number | null];
  axisValue: number;
}

function tooltip(items: TooltipItem[], view: CompareView): string {
  const lines = items.map(({ seriesName, axisIndex, marker, value }) => {
    const name = view.chosen[axisIndex] ?? "";
    const shown = value[1] === null ? "NaN" : metric(name, value[1]);
    return `${marker}${escape_html(seriesName)} ${escape_html(view.series_word(name))}&nbsp;&nbsp;<b>${shown}</b>`;
  });
  return [`${escape_html(view.x_word)} ${significant(items[0]?.axisValue)}`, ...lines].join("<br>");
}

export function escape_html(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Names that are the same get a number, so that each run has its line. */
export function distinct_names(names: string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  });
}
