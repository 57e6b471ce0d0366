import { useComputedColorScheme } from "@mantine/core";
import { ScatterChart } from "echarts/charts";
import { use } from "echarts/core";
import { useMemo } from "react";
import Chart from "../../charts/chart";
import { class_colour } from "../../charts/palette";
import { useText } from "../../text/text";
import { type Box, classes_in, height_of, width_of } from "./boxes";

use([ScatterChart]);

/** Width and height of each box, in the colour of its class. */
export function SizeChart({ boxes }: { boxes: Box[] }) {
  const { t } = useText();
  const dark = useComputedColorScheme("light") === "dark";
  const option = useMemo(() => {
    const text = dark ? "#a4adb9" : "#545c67";
    const line = dark ? "#2a2f38" : "#e2e6eb";
    const axis = {
      type: "log",
      min: 1,
      axisLine: { lineStyle: { color: line } },
      axisLabel: { color: text },
      splitLine: { lineStyle: { color: line } },
      nameTextStyle: { color: text },
    };
    const classes = classes_in(boxes);
    return {
      animation: false,
      textStyle: { fontFamily: "inherit" },
      grid: { left: 48, right: 18, top: 46, bottom: 44 },
      legend: {
        top: 0,
        left: 0,
        type: "scroll",
        textStyle: { color: text },
        pageTextStyle: { color: text },
        pageIconColor: text,
        itemWidth: 12,
        itemHeight: 8,
      },
      tooltip: { trigger: "item", confine: true },
      xAxis: { ...axis, name: t("boxes.width"), nameLocation: "middle", nameGap: 26 },
      yAxis: { ...axis, name: t("boxes.height"), nameTextStyle: { color: text, align: "left" }, nameGap: 9 },
      series: classes.map((one) => ({
        name: one.label,
        type: "scatter",
        symbolSize: 5,
        itemStyle: { color: class_colour(one.class), opacity: 0.6 },
        data: boxes
          .filter((box) => box.class === one.class && width_of(box) > 0 && height_of(box) > 0)
          .map((box) => [width_of(box), height_of(box)]),
      })),
    };
  }, [boxes, dark, t]);
  return <Chart option={option} label={t("boxes.sizes")} height={340} />;
}
