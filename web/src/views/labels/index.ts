import { percent } from "../../format/format";
import { lazy_part } from "../lazy_part";
import { raw } from "../raw";
import { type ImageFilter, type View, worst_first } from "../view";
import { label_scores, whole_score } from "./label_facts";

const parts = () => import("./labels_parts");

/** Any number of labels for an image. */
export const labels: View = {
  ...raw,
  summary_tab: "labels.title",
  Summary: lazy_part(parts, "LabelsSummary", 300),
  Target: lazy_part(parts, "LabelsTarget"),
  Prediction: lazy_part(parts, "LabelsPrediction"),
  Judged: lazy_part(parts, "JudgedLabels", 200),
  lists_images: undefined,
  orders: worst_first,
  image_filters: (facts, { t }) => {
    const labels = label_scores(facts).map(({ label }, i) => ({ value: String(i), label }));
    const choices = [...labels, { value: String(labels.length), label: t("labels.none") }];
    return (["truth", "predicted"] as const).map(
      (name): ImageFilter => ({ name, label: `matrix.${name}`, any: "labels.any", choices }),
    );
  },
  evaluation_tabs: [{ id: "numbers", label: "tab.metrics", Panel: lazy_part(parts, "LabelScoresPanel", 300) }],
  evaluation_facts: (facts, { t }) => {
    const map = whole_score(facts, "map");
    if (map === null) return [];
    return [
      [t("labels.map"), percent(map)],
      [t("labels.macro_f1"), percent(whole_score(facts, "macro_f1"))],
      [t("labels.exact"), percent(whole_score(facts, "exact"))],
    ];
  },
};
