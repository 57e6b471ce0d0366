import { Skeleton, Stack, Text } from "@mantine/core";
import type { Dataset, DatasetFacts } from "../../api/client";
import { class_colour } from "../../charts/palette";
import { percent } from "../../format/format";
import { useText } from "../../text/text";
import { ClassBars } from "../classes/class_histogram";
import { ClassTable } from "../overlay/class_table";
import { Figures } from "../overlay/figures";
import { useFirstSamples } from "../overlay/first_samples";
import { SizeBars } from "../overlay/size_bars";
import type { EvaluationPanelProps } from "../view";
import { label_counts, label_scores, whole_score, whole_scores } from "./label_facts";

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

/** The numbers of all labels, and those of each. */
export function LabelScoresPanel({ name, facts, params, set }: EvaluationPanelProps) {
  const { t, whole } = useText();
  if (facts.labelled === 0) return <Text c="dimmed">{t("evaluation.no_truth")}</Text>;
  const share = (value: number | null) => percent(value);
  return (
    <Stack gap="md">
      <Figures
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
        rows={label_scores(facts).map(({ label, values }, index) => ({
          index,
          label,
          colour: class_colour(index),
          values,
        }))}
        sort={params.get("by") ?? "label"}
        on_sort={(by) => set({ by })}
      />
    </Stack>
  );
}
