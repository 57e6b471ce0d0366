import { Alert, Stack, Text } from "@mantine/core";
import { percent } from "../../format/format";
import { useText } from "../../text/text";
import { Matrix } from "../classes/confusion_matrix";
import { ClassTable } from "../overlay/class_table";
import { Figures } from "../overlay/figures";
import type { EvaluationPanelProps } from "../view";
import { mask_colour } from "./masks";

interface MaskFacts {
  labelled: number;
  classes: { index: number; label: string; [member: string]: unknown }[];
  colors?: string[];
  confusion: number[][];
  explanation?: string;
  [member: string]: unknown;
}

const facts_of = (facts: object) => facts as unknown as MaskFacts;
const figures = [
  "miou",
  "pixel_accuracy",
  "mean_class_accuracy",
  "frequency_weighted_iou",
  "miou_classes_in_truth",
] as const;
const number = (value: unknown) => (typeof value === "number" ? value : null);

/** Mean IoU and the like, and the numbers of each class. */
export function MaskNumbersPanel({ name, facts, params, set }: EvaluationPanelProps) {
  const { t, said, whole } = useText();
  const mask = facts_of(facts);
  const share = (value: number | null) => percent(value);
  return (
    <Stack gap="md">
      {mask.explanation && <Alert data-tone="warning">{said(mask.explanation)}</Alert>}
      <Figures
        hint={t("boxes.show_worst")}
        on_open={() => set({ tab: "images", sort: "worst", truth: null, predicted: null })}
        figures={figures.map((id) => ({ id, label: t(`mask.figure.${id}`), value: percent(number(mask[id])) }))}
      />
      <ClassTable
        name={name}
        columns={[
          { id: "pixels", label: t("mask.pixels"), show: (value) => whole(value) },
          { id: "iou", label: "IoU", show: share },
          { id: "dice", label: "Dice", show: share },
          { id: "accuracy", label: t("mask.accuracy"), show: share },
        ]}
        more={["predicted"]}
        rows={mask.classes.map((one) => ({
          index: one.index,
          label: one.label,
          colour: mask_colour(one.index, mask.colors ?? []),
          values: Object.fromEntries(
            ["pixels", "predicted", "iou", "dice", "accuracy"].map((id) => [id, number(one[id])]),
          ),
        }))}
        sort={params.get("by") ?? "label"}
        on_sort={(by) => set({ by })}
        on_class={(truth) => set({ tab: "images", truth: String(truth), predicted: null, sort: "worst" })}
      />
    </Stack>
  );
}

/** Pixels of each class by the class that the network gave them. */
export function MaskConfusionPanel({ facts, params, set }: EvaluationPanelProps) {
  const { t } = useText();
  const mask = facts_of(facts);
  if (mask.labelled === 0) return <Text c="dimmed">{t("evaluation.no_truth")}</Text>;
  return <Matrix facts={mask} params={params} set={set} cell="mask.cell" />;
}
