import { Alert, Group, Select, Skeleton, Stack, Table, Text, Title, useComputedColorScheme } from "@mantine/core";
import { lazy, Suspense, useMemo } from "react";
import { CsvButton } from "../../charts/csv_table";
import { class_colour } from "../../charts/palette";
import { percent } from "../../format/format";
import { useText } from "../../text/text";
import { Matrix } from "../classes/confusion_matrix";
import { ClassTable } from "../overlay/class_table";
import { Figures } from "../overlay/figures";
import type { EvaluationPanelProps } from "../view";
import { score_text } from "./boxes";
import { recall_option, threshold_option } from "./curve_options";
import { box_evaluation, coco_numbers, nearest } from "./evaluation";

const Chart = lazy(() => import("../../charts/chart"));
const chart_height = 340;
const share = (value: number | null) => percent(value);
const at_score = (value: number | null) => score_text(value, 0);

/** Why a detector finds nothing, in the words of the server. */
function Explanation({ facts }: { facts: object }) {
  const { said } = useText();
  const { explanation } = facts as { explanation?: unknown };
  return typeof explanation === "string" ? <Alert data-tone="warning">{said(explanation)}</Alert> : null;
}

/** COCO's 12 numbers and those of each class. */
export function NumbersPanel({ name, facts, params, set }: EvaluationPanelProps) {
  const { t, whole } = useText();
  const { numbers, classes, threshold } = useMemo(() => box_evaluation(facts), [facts]);
  const images = () => set({ tab: "images", sort: "worst", truth: null, predicted: null });
  const of_threshold = threshold === null ? null : t("boxes.at_threshold", { threshold: at_score(threshold) });
  return (
    <Stack gap="md">
      <Explanation facts={facts} />
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          {t("boxes.numbers.help")}
        </Text>
        <CsvButton file={`${name} numbers`} rows={() => coco_numbers.map((id) => [id, numbers[id] ?? ""])} />
      </Group>
      <Figures
        hint={t("boxes.show_worst")}
        on_open={images}
        figures={coco_numbers.map((id) => ({
          id,
          label: id.replace("_", " "),
          value: share(numbers[id]),
          title: t(`boxes.number.${id}`),
        }))}
      />
      {of_threshold && (
        <Figures
          hint={t("boxes.show_worst")}
          on_open={images}
          figures={(["precision", "recall", "f1"] as const).map((id) => ({
            id,
            label: t(`scores.${id}`),
            value: share(numbers[id]),
            title: of_threshold,
          }))}
        />
      )}
      <ClassTable
        name={name}
        columns={[
          { id: "objects", label: t("boxes.objects"), show: (value) => whole(value) },
          { id: "AP", label: "AP", show: share },
          { id: "AP50", label: "AP50", show: share },
          { id: "AP75", label: "AP75", show: share },
          { id: "precision", label: t("scores.precision"), show: share },
          { id: "recall", label: t("scores.recall"), show: share },
          { id: "f1", label: t("scores.f1"), show: share },
        ]}
        more={coco_numbers.filter((id) => !["AP", "AP50", "AP75"].includes(id))}
        rows={classes.map(({ index, label, values }) => ({ index, label, colour: class_colour(index), values }))}
        sort={params.get("by") ?? "label"}
        on_sort={(by) => set({ by })}
        on_class={(truth) => set({ tab: "images", truth: String(truth), predicted: null, sort: "worst" })}
      />
    </Stack>
  );
}

/** Precision over recall, and precision, recall and F1 over the score threshold. */
export function CurvesPanel({ name, facts, params, set }: EvaluationPanelProps) {
  const { t } = useText();
  const dark = useComputedColorScheme("light") === "dark";
  const { curves, all, thresholds, threshold } = useMemo(() => box_evaluation(facts), [facts]);
  const wanted = params.get("class");
  const one = curves.find(({ index }) => String(index) === wanted) ?? all ?? curves[0];
  const best = one && threshold !== null ? nearest(thresholds, threshold) : -1;
  const by_recall = useMemo(
    () =>
      recall_option(curves, all, dark, {
        x: t("scores.recall"),
        y: t("scores.precision"),
        all: t("boxes.all_classes"),
      }),
    [curves, all, dark, t],
  );
  const by_threshold = useMemo(
    () =>
      one &&
      threshold_option(one, thresholds, best, dark, {
        x: t("boxes.score"),
        y: "",
        precision: t("scores.precision"),
        recall: t("scores.recall"),
        f1: t("scores.f1"),
      }),
    [one, thresholds, best, dark, t],
  );
  if (!one || !by_threshold) return <Text c="dimmed">{t("evaluation.no_truth")}</Text>;
  const drawn = [...(all ? [{ ...all, label: t("boxes.all_classes") }] : []), ...curves];
  const recall_cells = () => [
    ["recall", ...drawn.map(({ label }) => label)],
    ...one.precision_by_recall.map((_, i) => [i / 100, ...drawn.map((curve) => curve.precision_by_recall[i] ?? "")]),
  ];
  const threshold_cells = () => [
    ["threshold", "precision", "recall", "f1"],
    ...thresholds.map((at, i) => [at, one.precision[i] ?? "", one.recall[i] ?? "", one.f1[i] ?? ""]),
  ];
  return (
    <div className="chart-pair">
      <section className="card">
        <Group justify="space-between" mb="xs">
          <Title order={3} size="h5">
            {t("boxes.by_recall")}
          </Title>
          <CsvButton file={`${name} precision over recall`} rows={recall_cells} label={t("boxes.by_recall")} />
        </Group>
        <Suspense fallback={<Skeleton height={chart_height} />}>
          <Chart option={by_recall} label={t("boxes.by_recall")} height={chart_height} />
        </Suspense>
      </section>
      <section className="card">
        <Group justify="space-between" mb="xs">
          <Title order={3} size="h5">
            {t("boxes.by_threshold")}
          </Title>
          <CsvButton file={`${name} over threshold`} rows={threshold_cells} label={t("boxes.by_threshold")} />
        </Group>
        <Select
          size="xs"
          maw={240}
          aria-label={t("explore.class")}
          allowDeselect={false}
          searchable
          data={[
            ...(all ? [{ value: "all", label: t("boxes.all_classes") }] : []),
            ...curves.map(({ index, label }) => ({ value: String(index), label })),
          ]}
          value={one.index < 0 ? "all" : String(one.index)}
          onChange={(value) => set({ class: value === "all" ? null : value })}
          nothingFoundMessage={t("list.none_found")}
        />
        <Suspense fallback={<Skeleton height={chart_height} />}>
          <Chart option={by_threshold} label={t("boxes.by_threshold")} height={chart_height} />
        </Suspense>
        {best >= 0 && (
          <Text size="sm" data-testid="best-threshold">
            {t("boxes.best_threshold", { threshold: at_score(threshold), f1: share(one.f1[best] ?? null) })}
          </Text>
        )}
        <details>
          <summary>{t("boxes.threshold_table")}</summary>
          <Table maw={420}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th ta="right">{t("boxes.score")}</Table.Th>
                <Table.Th ta="right">{t("scores.precision")}</Table.Th>
                <Table.Th ta="right">{t("scores.recall")}</Table.Th>
                <Table.Th ta="right">{t("scores.f1")}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {thresholds.map((at, i) =>
                i % 10 === 0 || i === best ? (
                  <Table.Tr key={at} data-best={i === best}>
                    <Table.Td ta="right">{at_score(at)}</Table.Td>
                    <Table.Td ta="right">{share(one.precision[i] ?? null)}</Table.Td>
                    <Table.Td ta="right">{share(one.recall[i] ?? null)}</Table.Td>
                    <Table.Td ta="right">{share(one.f1[i] ?? null)}</Table.Td>
                  </Table.Tr>
                ) : null,
              )}
            </Table.Tbody>
          </Table>
        </details>
      </section>
    </div>
  );
}

/** Confusions of classes with one another and with the background, at the best threshold. */
export function ConfusionPanel({ facts, params, set }: EvaluationPanelProps) {
  const { t } = useText();
  if (facts.labelled === 0) return <Text c="dimmed">{t("evaluation.no_truth")}</Text>;
  const { classes, background, confusion } = facts as unknown as {
    classes: { index: number; label: string }[];
    background?: number;
    confusion: number[][];
  };
  const with_background = [
    ...classes.map(({ index, label }) => ({ index, label })),
    ...(background === undefined ? [] : [{ index: background, label: t("boxes.background") }]),
  ];
  return (
    <Matrix
      facts={{ confusion, classes: with_background }}
      params={params}
      set={set}
      cell="boxes.cell"
      help="boxes.matrix_help"
    />
  );
}
