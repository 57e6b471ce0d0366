import { class_colour } from "../../charts/palette";
import { percent } from "../../format/format";
import { useText } from "../../text/text";
import { ClassTable } from "../overlay/class_table";
import type { EvaluationPanelProps } from "../view";

const share = (value: number | null) => percent(value);

/** Precision, recall and F1 of each class; a click on a class shows its images. */
export function ScoresPanel({ facts, name, params, set }: EvaluationPanelProps) {
  const { t, whole } = useText();
  return (
    <ClassTable
      name={name}
      columns={[
        { id: "support", label: t("scores.support"), show: (value) => whole(value) },
        { id: "predicted", label: t("scores.predicted"), show: (value) => whole(value) },
        { id: "precision", label: t("scores.precision"), show: share },
        { id: "recall", label: t("scores.recall"), show: share },
        { id: "f1", label: t("scores.f1"), show: share },
      ]}
      rows={facts.classes.map(({ index, label, ...values }) => ({ index, label, colour: class_colour(index), values }))}
      sort={params.get("by") ?? "label"}
      on_sort={(by) => set({ by })}
      on_class={(truth) => set({ tab: "images", truth: String(truth), predicted: null })}
    />
  );
}
