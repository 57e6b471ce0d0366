import { LineChart } from "echarts/charts";
import {
  AxisPointerComponent,
  DataZoomInsideComponent,
  GridComponent,
  LegendScrollComponent,
  MarkPointComponent,
  TooltipComponent,
} from "echarts/components";
import { type EChartsType, init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { type Ref, useEffect, useImperativeHandle, useRef } from "react";
import "./chart.css";

use([
  LineChart,
  GridComponent,
  TooltipComponent,
  AxisPointerComponent,
  DataZoomInsideComponent,
  LegendScrollComponent,
  MarkPointComponent,
  CanvasRenderer,
]);

export interface ChartHandle {
  image: (background: string) => string;
}

/** Draws an ECharts option and keeps its size that of the box. */
export default function Chart({
  option,
  label,
  handle,
  height,
}: {
  option: Record<string, unknown>;
  label: string;
  handle?: Ref<ChartHandle>;
  height?: number;
}) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  useEffect(() => {
    const made = init(host.current!);
    chart.current = made;
    const resize = new ResizeObserver(() => made.resize());
    resize.observe(host.current!);
    return () => {
      resize.disconnect();
      made.dispose();
    };
  }, []);
  useEffect(() => {
    // Zoom and hidden series survive; series that are gone go.
    chart.current?.setOption(option, { replaceMerge: ["series"], lazyUpdate: true });
  }, [option]);
  useImperativeHandle(handle, () => ({
    image: (background) => chart.current!.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: background }),
  }));
  return <div ref={host} className="chart" style={{ height }} role="img" aria-label={label} />;
}
