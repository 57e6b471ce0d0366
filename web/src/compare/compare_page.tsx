import {
  ActionIcon,
  Alert,
  Button,
  Checkbox,
  Group,
  MultiSelect,
  Skeleton,
  Slider,
  Stack,
  Text,
  Title,
  useComputedColorScheme,
} from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import { Link, useSearchParams } from "react-router";
import type { Model } from "../api/client";
import { model_query, useAllJobs } from "../api/queries";
import { AxisChoices } from "../charts/axis_choices";
import type { ChartHandle } from "../charts/chart";
import { save_text, save_url, to_csv } from "../charts/csv";
import { useFieldText } from "../forms/fields";
import { fields_by_path, useFormFields } from "../forms/form_fields";
import { EmptyState } from "../frame/empty_state";
import { Icon } from "../frame/icon";
import { PageSkeleton, useTitle } from "../frame/page_states";
import { curve_names } from "../models/curve_options";
import { useNetworkTitles } from "../network/network_title";
import { useText } from "../text/text";
import { chart_height, compare_option, distinct_names, type Run, run_colour } from "./compare_option";
import { compare_rows, show_value, winner } from "./compare_table";
import { RunSelect } from "./run_select";
import { useManyMetrics } from "./use_many_metrics";
import "./compare.css";

const Chart = lazy(() => import("../charts/chart"));

/** `/compare?models=A,B,C`: curves over one another, and what is different about the models. */
export function ComparePage() {
  const { t, listed, series: series_word } = useText();
  const [params, set_params] = useSearchParams();
  const ids = [...new Set((params.get("models") ?? "").split(",").filter(Boolean))];
  const queries = useQueries({ queries: ids.map(model_query) });
  const { series, version } = useManyMetrics(ids);
  const dark = useComputedColorScheme("light") === "dark";
  const chart = useRef<ChartHandle>(null);
  useTitle(t("compare.title"));
  const set = (name: string, value: string) =>
    set_params(
      (before) => {
        const after = new URLSearchParams(before);
        if (value === "") after.delete(name);
        else after.set(name, value);
        return after;
      },
      { replace: true },
    );
  const x = params.get("x") === "iteration" ? "iteration" : "epoch";
  const log = params.get("y") === "log";
  const smoothing = Math.min(0.99, Math.max(0, Number(params.get("smooth") ?? "0.6") || 0));
  const models = queries.flatMap((query) => (query.data ? [query.data] : []));
  const missing = ids.filter((_, i) => queries[i]?.error && !queries[i]?.data);
  const names = distinct_names(models.map(({ job }) => job.name));
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that `series` changed inside
  const available = useMemo(
    () => [...new Set([...series.values()].flatMap((one) => [...curve_names(one), ...one.names()]))],
    [series, version],
  );
  const wanted = params.get("series")?.split(",").filter(Boolean) ?? [];
  const kept = wanted.filter((name) => available.includes(name));
  const chosen = kept.length > 0 ? kept : first_choice(available);
  const chosen_key = chosen.join(",");
  const names_key = names.join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: `version` says that `series` changed inside, the keys stand for their lists
  const option = useMemo(() => {
    const runs: Run[] = models.flatMap(({ job }, i) => {
      const one = series.get(job.id);
      return one ? [{ name: names[i]!, series: one }] : [];
    });
    return compare_option(runs, { chosen, x, log, smoothing, dark, x_word: t(`axis.${x}`), series_word });
  }, [series, version, chosen_key, names_key, x, log, smoothing, dark, t, series_word]);
  if (ids.length > 0 && models.length === 0 && missing.length === 0) return <PageSkeleton />;
  return (
    <Stack gap="md">
      <Title order={1}>{t("compare.title")}</Title>
      <RunSelect label={t("compare.models")} ids={ids} on_change={(next) => set("models", next.join(","))} />
      {missing.length > 0 && <Alert data-tone="warning">{t("compare.missing", { ids: listed(missing) })}</Alert>}
      {models.length === 0 ? (
        <div className="card">
          <EmptyState icon="compare" title={t("compare.choose")} />
        </div>
      ) : (
        <>
          <section className="card chart-card">
            <Group gap="lg" align="flex-end">
              <MultiSelect
                size="xs"
                label={t("curves.series")}
                data={available.map((name) => ({ value: name, label: series_word(name) }))}
                value={chosen}
                onChange={(value) => set("series", value.join(","))}
                miw={260}
                maw={520}
              />
              <AxisChoices x={x} log={log} set={set} />
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
                <Button size="compact-sm" variant="default" onClick={() => save_curves(models, names, series)}>
                  CSV
                </Button>
                <Button
                  size="compact-sm"
                  variant="default"
                  onClick={() =>
                    chart.current && save_url("comparison.png", chart.current.image(dark ? "#16191e" : "#ffffff"))
                  }
                >
                  PNG
                </Button>
              </Group>
            </Group>
            {chosen.length === 0 ? (
              <Text c="dimmed">{t("curves.none")}</Text>
            ) : (
              <Suspense fallback={<Skeleton height={chart_height(chosen.length)} />}>
                <Chart
                  key={chosen.length}
                  option={option}
                  label={t("compare.chart")}
                  handle={chart}
                  height={chart_height(chosen.length)}
                />
              </Suspense>
            )}
          </section>
          <CompareTable
            models={models}
            names={names}
            remove={(id) => set("models", ids.filter((one) => one !== id).join(","))}
          />
        </>
      )}
    </Stack>
  );
}

function first_choice(available: string[]): string[] {
  return ["val/accuracy", "val/mAP", "val/miou", "val/psnr", "val/loss", "train/loss"]
    .filter((name) => available.includes(name))
    .slice(0, 2);
}

function save_curves(models: Model[], names: string[], series: ReturnType<typeof useManyMetrics>["series"]) {
  const rows: (string | number)[][] = [["model", "series", "iteration", "epoch", "value"]];
  models.forEach(({ job }, i) => {
    const one = series.get(job.id);
    for (const name of one?.names() ?? []) {
      const curve = one!.get(name)!;
      curve.iteration.forEach((iteration, k) => {
        rows.push([names[i]!, name, iteration, curve.epoch[k]!, curve.value[k] ?? ""]);
      });
    }
  });
  save_text("comparison curves.csv", "text/csv", to_csv(rows));
}

/** Settings whose label has another key than their own name. */
const setting_keys: Record<string, string> = {
  dataset_id: "kind.dataset",
  "network.standard": "field.network",
  "network.prototxt": "network.text",
  "network.model": "network.previous",
  "network.pretrained": "kind.pretrained",
  "network.python_layers": "field.python_layers",
  "solver.type": "field.solver",
  "solver.lr_policy": "field.policy",
  "solver.step_percent": "field.step_percent",
  "augmentation.flip": "augment.flip",
  "augmentation.turns": "augment.turns",
  "augmentation.rotation": "augment.rotation",
  "augmentation.scale": "augment.scale",
  "augmentation.noise": "augment.noise",
  "augmentation.contrast": "augment.contrast",
  "augmentation.hue": "augment.hue",
  "augmentation.saturation": "augment.saturation",
  "augmentation.value": "augment.value",
};

function CompareTable({ models, names, remove }: { models: Model[]; names: string[]; remove: (id: string) => void }) {
  const { t, best_of, known_text } = useText();
  const network_title = useNetworkTitles();
  const fields = useFormFields("model");
  const declared = useMemo(() => fields_by_path(fields ?? []), [fields]);
  const field_text = useFieldText();
  const declared_label = (place: string) => {
    const field = declared.get(`/${place.replaceAll(".", "/")}`);
    return field && field_text.label(field);
  };
  const setting_word = (place: string) =>
    known_text(setting_keys[place] ?? `field.${place.split(".").at(-1)}`) ?? declared_label(place) ?? place;
  /** A choice of the form in its words. */
  const setting_value = (place: string, value: string | number | null) => {
    if (typeof value !== "string") return show_value(place, value);
    if (place === "network.standard") return network_title(value);
    const choices = field_text.choices(declared.get(`/${place.replaceAll(".", "/")}`));
    return choices.find((choice) => choice.value === value)?.label ?? show_value(place, value);
  };
  const [all, set_all] = useState(false);
  const [datasets, others, pretrained] = [useAllJobs("dataset"), useAllJobs("model"), useAllJobs("pretrained")];
  const jobs = [...datasets.jobs, ...others.jobs, ...pretrained.jobs];
  const rows = compare_rows(models, new Map(jobs.map((job) => [job.id, job.name])));
  const shown = rows.filter((row) => all || row.differs || row.place.startsWith("best."));
  const save = () =>
    save_text(
      "comparison.csv",
      "text/csv",
      to_csv([["", ...names], ...rows.map((row) => [row.place, ...row.values.map((value) => value ?? "")])]),
    );
  return (
    <section>
      <Group justify="space-between" mb="xs">
        <Title order={2}>{t("compare.differences")}</Title>
        <Group gap="sm">
          <Checkbox
            size="xs"
            label={t("compare.all_values")}
            checked={all}
            onChange={(event) => set_all(event.currentTarget.checked)}
          />
          <Button
            size="compact-xs"
            variant="default"
            onClick={save}
            aria-label={t("compare.save_table")}
            data-testid="save-table"
          >
            CSV
          </Button>
        </Group>
      </Group>
      <div className="card scroll-x" tabIndex={0} role="region" aria-label={t("compare.differences")}>
        <table className="compare-table" data-testid="compare-table">
          <thead>
            <tr>
              <td />
              {models.map(({ job }, i) => (
                <th key={job.id} scope="col">
                  <span className="swatch" style={{ background: run_colour(i) }} />
                  <Link to={`/models/${job.id}`} className="plain-link">
                    {names[i]}
                  </Link>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    size="xs"
                    ml={4}
                    aria-label={t("compare.remove", { name: names[i]! })}
                    onClick={() => remove(job.id)}
                  >
                    <Icon name="close" />
                  </ActionIcon>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => {
              const best = winner(row);
              return (
                <tr key={row.place}>
                  <th scope="row" title={row.place}>
                    {row.place.startsWith("best.") ? best_of(row.place.slice(5)) : setting_word(row.place)}
                  </th>
                  {row.values.map((value, i) => (
                    <td key={models[i]!.job.id} data-best={best === i} data-differs={row.differs}>
                      {setting_value(row.place, value)}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
