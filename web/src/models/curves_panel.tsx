import { Button, Group, SegmentedControl, Skeleton, Slider, Table, Text, useComputedColorScheme } from "@mantine/core";
import { lazy, Suspense, useMemo, useRef } from "react";
import { Link, useSearchParams } from "react-router";
import { type Job, metrics_csv_url } from "../api/client";
import { is_active } from "../api/live";
import type { MetricSeries } from "../api/metric_series";
import { useAllJobs } from "../api/queries";
import { AxisChoices } from "../charts/axis_choices";
import type { ChartHandle } from "../charts/chart";
import { save_url } from "../charts/csv";
import { distinct_names } from "../compare/compare_option";
import { RunSelect } from "../compare/run_select";
import { useManyMetrics } from "../compare/use_many_metrics";
import { metric, significant } from "../format/format";
import { is_score } from "../format/judged";
import { EmptyState } from "../frame/empty_state";
import { useText } from "../text/text";
import { curve_names, curve_option, curves_height, strip_series } from "./curve_options";

const Chart = lazy(() => import("../charts/chart"));

interface Props {
  job: Job;
  series: MetricSeries;
  version: number;
}

export function CurvesPanel({ job, series, version }: Props) {
  const { t, whole, series: series_word } = useText();
  const [params, set_params] = useSearchParams();
  const dark = useComputedColorScheme("light") === "dark";
  const chart = useRef<ChartHandle>(null);
  const x = params.get("x") === "iteration" ? "iteration" : "epoch";
  const log = params.get("y") === "log";
  const smoothing = Math.min(0.99, Math.max(0, Number(params.get("smooth") ?? "0.6") || 0));
  const strips = strip_series.filter((name) => series.get(name));
  const strip = strips.includes(params.get("strip") ?? "") ? params.get("strip")! : "train/lr";
  const set = (name: string, value: string) =>
    set_params(
      (before) => {
        const after = new URLSearchParams(before);
        after.set(name, value);
        return after;
      },
      { replace: true },
    );
  const with_ids = (params.get("with") ?? "").split(",").filter((id) => id !== "" && id !== job.id);
  const many = useManyMetrics(with_ids);
  const known = useAllJobs("model").jobs;
  const best = job.best as { iteration: number; epoch: number } | null;
  const names = distinct_names(with_ids.map((id) => known.find((one) => one.id === id)?.name ?? id));
  const others_key = [...with_ids, ...names].join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that `series` changed inside, the key stands for the other runs
  const option = useMemo(
    () =>
      curve_option(series, {
        x,
        log,
        smoothing,
        strip,
        dark,
        best: best ? { iteration: best.iteration, epoch: best.epoch } : null,
        name: job.name,
        others: with_ids.flatMap((id, i) => {
          const one = many.series.get(id);
          return one ? [{ name: names[i]!, series: one }] : [];
        }),
        words: {
          x: t(`axis.${x}`),
          strip: strip_word(t, strip),
          best: t("model.best"),
          loss: t("word.loss"),
          accuracy: t("word.accuracy"),
          scores: t("curves.scores"),
          series: series_word,
        },
      }),
    [
      series,
      version,
      x,
      log,
      smoothing,
      strip,
      dark,
      best?.iteration,
      many.version,
      others_key,
      job.name,
      t,
      series_word,
    ],
  );
  // A chart keeps the axes it was made with.
  const plots = curve_names(series).some(is_score) ? 2 : 1;
  if (version === 0 || series.names().length === 0) {
    return (
      <div className="card">
        <EmptyState icon="compare" title={t(is_active(job) ? "curves.not_yet" : "curves.none")} />
      </div>
    );
  }
  return (
    <section className="card chart-card">
      <div className="chart-controls">
        <AxisChoices x={x} log={log} set={set} />
        {strips.length > 1 && (
          <SegmentedControl
            size="xs"
            aria-label={t("curves.strip")}
            value={strip}
            onChange={(value) => set("strip", value)}
            data={strips.map((name) => ({ value: name, label: strip_word(t, name) }))}
          />
        )}
        <Group gap="xs" wrap="nowrap">
          <Text size="sm" id="smoothing-label">
            {t("curves.smoothing")}
          </Text>
          <Slider
            w={120}
            size="sm"
            min={0}
            max={0.99}
            step={0.01}
            value={smoothing}
            thumbProps={{ "aria-labelledby": "smoothing-label" }}
            label={(value) => value.toFixed(2)}
            onChange={(value) => set("smooth", String(value))}
          />
        </Group>
        <Group gap="xs">
          <Button
            size="compact-sm"
            variant="default"
            component="a"
            href={metrics_csv_url(job.id)}
            download={`${job.name} curves.csv`}
          >
            CSV
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() =>
              chart.current && save_url(`${job.name} curves.png`, chart.current.image(dark ? "#16191e" : "#ffffff"))
            }
          >
            PNG
          </Button>
        </Group>
      </div>
      <Group align="flex-end" gap="sm">
        <div style={{ flex: "0 1 420px", minWidth: 240 }}>
          <RunSelect
            label={t("compare.overlay")}
            ids={with_ids}
            without={job.id}
            on_change={(ids) => set("with", ids.join(","))}
          />
        </div>
        {with_ids.length > 0 && (
          <Button
            size="xs"
            variant="default"
            component={Link}
            to={`/compare?models=${[job.id, ...with_ids].join(",")}`}
          >
            {t("compare.open")}
          </Button>
        )}
      </Group>
      <Suspense fallback={<Skeleton height={curves_height} />}>
        <Chart key={plots} option={option} label={t("curves.label")} handle={chart} height={curves_height} />
      </Suspense>

      <details>
        <summary>{t("curves.table")}</summary>
        <Table maw={520} data-testid="curve-table">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("curves.series")}</Table.Th>
              <Table.Th ta="right">{t("curves.last")}</Table.Th>
              <Table.Th ta="right">{t("axis.iteration")}</Table.Th>
              <Table.Th ta="right">{t("curves.points")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {[...curve_names(series), ...strips].map((name) => {
              const curve = series.get(name)!;
              return (
                <Table.Tr key={name} data-series={name} data-points={curve.value.length}>
                  <Table.Td>{strip_series.includes(name) ? strip_word(t, name) : series_word(name)}</Table.Td>
                  <Table.Td ta="right">
                    {name === "train/data_wait" ? significant(series.last(name)) : metric(name, series.last(name))}
                  </Table.Td>
                  <Table.Td ta="right">{whole(curve.iteration.at(-1))}</Table.Td>
                  <Table.Td ta="right">{whole(curve.value.length)}</Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </details>
    </section>
  );
}

function strip_word(t: ReturnType<typeof useText>["t"], name: string): string {
  if (name === "train/images_per_s") return t("strip.images_per_s");
  if (name === "train/data_wait") return t("strip.data_wait");
  return t("strip.lr");
}
