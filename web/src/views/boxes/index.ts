import { percent } from "../../format/format";
import { lazy_part } from "../lazy_part";
import type { View } from "../view";
import { boxes_of, classes_in, score_text } from "./boxes";
import { objects_of } from "./samples";

const parts = () => import("./box_parts");
const evaluation = () => import("./box_evaluation");

/** Boxes around objects, each with its class: drawn over the image, found against labelled. */
export const boxes: View = {
  summary_tab: "tab.classes",
  Summary: lazy_part(() => import("./box_summary"), "BoxSummary", 400),
  filters: ["class", "size", "problems"],
  Sample: lazy_part(parts, "BoxSample"),
  LargeSample: lazy_part(parts, "BoxLargeSample", 400),
  target_text: (item) =>
    classes_in(objects_of(item))
      .map(({ label, count }) => `${count} × ${label}`)
      .join(", "),
  Target: () => null,
  Answer: lazy_part(parts, "BoxAnswer", 400),
  draws_image: true,
  answer_columns: ["class", "index", "score", "left", "top", "right", "bottom"],
  answer_rows: (answer) =>
    boxes_of(answer.boxes).map((box) => [
      box.label,
      box.class,
      box.score ?? "",
      box.left,
      box.top,
      box.right,
      box.bottom,
    ]),
  Prediction: lazy_part(parts, "BoxPrediction"),
  LargePrediction: lazy_part(parts, "BoxLargePrediction", 400),
  orders: [
    { value: "index", label: "images.sort.index" },
    { value: "worst", label: "images.sort.worst" },
  ],
  evaluation_tabs: [
    { id: "numbers", label: "tab.scores", Panel: lazy_part(evaluation, "NumbersPanel", 400) },
    { id: "curves", label: "tab.pr_curves", Panel: lazy_part(evaluation, "CurvesPanel", 400) },
    { id: "matrix", label: "tab.matrix", Panel: lazy_part(evaluation, "ConfusionPanel", 400) },
  ],
  evaluation_facts: (facts, { t }) => {
    const { AP, AP50, threshold } = facts as unknown as Record<string, number | null>;
    if (AP === undefined) return [];
    return [
      ["mAP (AP)", percent(AP)],
      ["AP50", percent(AP50)],
      [t("boxes.threshold"), score_text(threshold ?? null, 0)],
    ];
  },
};
