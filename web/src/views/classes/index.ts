import { percent } from "../../format/format";
import type { View } from "../view";
import { Summary } from "./class_histogram";
import { ClassAnswer, ClassPrediction, ClassSample, ClassTarget } from "./class_parts";
import { ScoresPanel } from "./class_scores";
import { MatrixPanel } from "./confusion_matrix";
import { MistakesPanel } from "./mistakes";
import { TopPanel } from "./top_images";

/** Up to this number of classes the first five say nothing. */
const least_for_top5 = 6;

/** One class for each image: histogram, probabilities, confusion matrix. */
export const classes: View = {
  summary_tab: "tab.classes",
  Summary,
  filters: ["class"],
  Sample: ClassSample,
  target_text: (item) => item.label_name,
  Target: ClassTarget,
  Answer: ClassAnswer,
  answer_columns: ["rank", "class", "index", "probability"],
  answer_rows: ({ predictions }) =>
    predictions.map(({ label, index, probability }, i) => [i + 1, label, index, probability]),
  Prediction: ClassPrediction,
  evaluation_tabs: [
    { id: "matrix", label: "tab.matrix", Panel: MatrixPanel },
    { id: "scores", label: "tab.scores", Panel: ScoresPanel },
    { id: "mistakes", label: "tab.mistakes", Panel: MistakesPanel },
    { id: "top", label: "tab.top", Panel: TopPanel },
  ],
  evaluation_facts: (facts, { t }) => {
    if (facts.top1 === null) return [];
    const items: [string, string][] = [[t("evaluation.top1"), percent(facts.top1)]];
    if (facts.classes.length >= least_for_top5) items.push([t("evaluation.top5"), percent(facts.top5)]);
    items.push([t("evaluation.macro_f1"), percent(facts.macro.f1)]);
    return items;
  },
};
