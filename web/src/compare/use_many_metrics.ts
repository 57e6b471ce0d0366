import { useEffect, useState } from "react";
import { answer, client } from "../api/client";
import { useLive } from "../api/live";
import { MetricSeries } from "../api/metric_series";

const redraw_ms = 250;

/** The curves of several models, kept current by the event stream; `version` grows at most four times a second. */
export function useManyMetrics(ids: string[]): { series: Map<string, MetricSeries>; version: number } {
  const { listen } = useLive();
  const [series] = useState(() => new Map<string, MetricSeries>());
  const [version, set_version] = useState(0);
  const key = ids.join(",");
  useEffect(() => {
    const abort = new AbortController();
    let redraw: ReturnType<typeof setTimeout> | undefined;
    const changed = () => {
      redraw ??= setTimeout(() => {
        redraw = undefined;
        set_version((before) => before + 1);
      }, redraw_ms);
    };
    const load = (id: string) =>
      answer(
        client.GET("/models/{id}/metrics", {
          params: { path: { id }, query: { max_points: 1000 } },
          signal: abort.signal,
        }),
      )
        .then((metrics) => {
          series.get(id)?.load(metrics);
          changed();
        })
        .catch(() => {
          // The model's own query says what is wrong with it.
        });
    const wanted = key === "" ? [] : key.split(",");
    for (const id of series.keys()) if (!wanted.includes(id)) series.delete(id);
    const stops = wanted.map((id) => {
      if (!series.has(id)) series.set(id, new MetricSeries());
      void load(id);
      return listen(id, (event) => {
        if (event.type === "reset") void load(id);
        if (event.type !== "metrics") return;
        series.get(id)?.push(event.data);
        changed();
      });
    });
    return () => {
      abort.abort();
      clearTimeout(redraw);
      for (const stop of stops) stop();
    };
  }, [key, listen, series]);
  return { series, version };
}
