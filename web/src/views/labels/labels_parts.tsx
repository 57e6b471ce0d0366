import { Skeleton, Stack, Table, Text } from "@mantine/core";
import type { Dataset, DatasetFacts } from "../../api/client";
import { CsvTable } from "../../charts/csv_table";
import { class_colour } from "../../charts/palette";
import { percent } from "../../format/format";
import { useText } from "../../text/text";
import { ClassBars } from "../classes/class_histogram";
import { ClassTable } from "../overlay/class_table";
import { Figures } from "../overlay/figures";
import { useFirstSamples } from "../overlay/first_samples";
import { SizeBars } from "../overlay/size_bars";
import { PredictionCard } from "../prediction_card";
import type { EvaluationPanelProps, OpenedPrediction, OpenPrediction, Sample } from "../view";
import { judged_labels, label_counts, label_scores, whole_score, whole_scores } from "./label_facts";

/** How many images have each label, as far as the first samples say. */
export function LabelsSummary({ data, dataset }: { data: Dataset; dataset: DatasetFacts }) {
  const { t } = useText();
  const samples = useFirstSamples(data.job.id, dataset.splits);
  const split = ["train", "val", "test"].find((name) => name in dataset.splits) ?? "train";
  if (!samples) return <Skeleton height={300} />;
  return (
    <Stack gap="md">
      <ClassBars
        labels={dataset.labels}
        counts={{ [split]: label_counts(samples, dataset.labels) }}
        name={data.job.name}
        summary="labels.histogram"
        even="labels.histogram_even"
      />
      <Text size="xs" c="dimmed">
        {t("overlay.of_samples", { n: samples.length })}
      </Text>
      <SizeBars samples={samples} />
    </Stack>
  );
}

/** The labels of a sample by their names. */
export function LabelsTarget({ item }: { item: Sample }) {
  const { t } = useText();
  return (
    <>
      <dt>{t("labels.title")}</dt>
      <dd>{item.label_name || t("labels.none")}</dd>
    </>
  );
}

/** The numbers of all labels, and those of each. */
export function LabelScoresPanel({ name, facts, params, set }: EvaluationPanelProps) {
  const { t, whole } = useText();
  if (facts.labelled === 0) return <Text c="dimmed">{t("evaluation.no_truth")}</Text>;
  const share = (value: number | null) => percent(value);
  const scores = label_scores(facts);
  const none = String(scores.length);
  const images = (truth: string | null, predicted: string | null) =>
    set({ tab: "images", sort: null, truth, predicted });
  return (
    <Stack gap="md">
      <Figures
        hint={t("boxes.show_worst")}
        on_open={() => images(null, null)}
        figures={whole_scores.map((id) => ({
          id,
          label: t(`labels.${id}`),
          value: share(whole_score(facts, id)),
          title: t(`labels.${id}.help`),
        }))}
      />
      <ClassTable
        name={name}
        head={t("labels.label")}
        columns={[
          { id: "support", label: t("scores.support"), show: (value) => whole(value) },
          { id: "ap", label: "AP", show: share },
          { id: "precision", label: t("scores.precision"), show: share },
          { id: "recall", label: t("scores.recall"), show: share },
          { id: "f1", label: t("scores.f1"), show: share },
        ]}
        rows={scores.map(({ label, values }, index) => ({
          index,
          label,
          colour: class_colour(index),
          values,
        }))}
        sort={params.get("by") ?? "label"}
        on_sort={(by) => set({ by })}
        on_class={(index) => images(String(index), null)}
        value_hints={{ precision: t("labels.show_false"), recall: t("labels.show_missed") }}
        on_value={(index, column) =>
          column === "precision" ? images(none, String(index)) : images(String(index), none)
        }
      />
    </Stack>
  );
}

/** An evaluated image with the labels that it misses and those that are false. */
export function LabelsPrediction(opened: OpenPrediction) {
  const { t } = useText();
  const labels = judged_labels(opened.item, opened.facts);
  const names = (wanted: (one: (typeof labels)[number]) => boolean) =>
    labels
      .filter(wanted)
      .map(({ label }) => label)
      .join(", ");
  const missed = names(({ is_said, is_right }) => is_right === true && !is_said);
  const wrong = names(({ is_said, is_right }) => is_right === false && is_said);
  const said = names(({ is_said }) => is_said) || t("labels.none");
  const faults = [missed && t("labels.missed", { names: missed }), wrong && t("labels.false", { names: wrong })];
  const is_wrong = missed !== "" || wrong !== "";
  return <PredictionCard {...opened} words={is_wrong ? faults.filter(Boolean).join("; ") : said} wrong={is_wrong} />;
}

/** Each label with its probability, and whether the image has it. */
export function JudgedLabels({ item, facts }: OpenedPrediction) {
  const { t } = useText();
  const labels = judged_labels(item, facts);
  const has = (one: (typeof labels)[number]) =>
    one.is_right === null ? "–" : t(one.is_right ? "labels.yes" : "labels.no");
  return (
    <CsvTable
      file={`image ${item.index} labels`}
      rows={() => [
        ["label", "actual", "probability"],
        ...labels.map((one) => [one.label, one.is_right === null ? "" : Number(one.is_right), one.probability]),
      ]}
      min_width={300}
      test_id="judged"
    >
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t("labels.label")}</Table.Th>
          <Table.Th>{t("matrix.truth")}</Table.Th>
          <Table.Th ta="right">{t("labels.probability")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {labels.map((one) => (
          <Table.Tr key={one.label} data-wrong={one.is_right !== null && one.is_right !== one.is_said}>
            <Table.Th scope="row">{one.label}</Table.Th>
            <Table.Td>{has(one)}</Table.Td>
            <Table.Td ta="right">{percent(one.probability)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </CsvTable>
  );
}
