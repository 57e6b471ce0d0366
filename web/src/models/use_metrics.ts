import { useEffect, useRef, useState } from "react";
import { answer, client, type JobState } from "../api/client";
import { useJobEvents } from "../api/live";
import { MetricSeries } from "../api/metric_series";

/** Beyond this many points the series are asked for again, thinned by the server. */
const most_points = 6000;
const redraw_ms = 250;

/** The curves of one model, kept current by the event stream; `version` grows at most four times a second. */
export function useMetrics(
  id: string,
  state: JobState | undefined,
  { only, max_points = 2000 }: { only?: string; max_points?: number } = {},
): { series: MetricSeries; version: number; error: unknown } {
  const [series] = useState(() => new MetricSeries());
  const [version, set_version] = useState(0);
  const [error, set_error] = useState<unknown>(null);
  const [round, set_round] = useState(0);
  const loading = useRef(false);
  const redraw = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new state or round means reading afresh
  useEffect(() => {
    const abort = new AbortController();
    loading.current = true;
    answer(
      client.GET("/models/{id}/metrics", {
        params: { path: { id }, query: { max_points, series: only } },
        signal: abort.signal,
      }),
    )
      .then((metrics) => {
        series.load(metrics);
        loading.current = false;
        set_error(null);
        set_version(series.version);
      })
      .catch((reason) => {
        if (abort.signal.aborted) return;
        loading.current = false;
        set_error(reason);
      });
    return () => abort.abort();
  }, [id, state, round, series, only, max_points]);

  useEffect(
    () => () => {
      clearTimeout(redraw.current);
      redraw.current = undefined;
    },
    [],
  );

  useJobEvents(id, (event) => {
    if (event.type === "reset") set_round((before) => before + 1);
    if (event.type !== "metrics") return;
    series.push(event.data);
    if (!loading.current && series.points() > most_points) {
      loading.current = true;
      set_round((before) => before + 1);
    }
    redraw.current ??= setTimeout(() => {
      redraw.current = undefined;
      set_version(series.version);
    }, redraw_ms);
  });
  return { series, version, error };
}
