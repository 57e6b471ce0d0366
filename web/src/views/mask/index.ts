import { percent } from "../../format/format";
import { lazy_part } from "../lazy_part";
import type { View } from "../view";

const parts = () => import("./mask_parts");
const evaluation = () => import("./mask_evaluation");

/** A class for each pixel, drawn over the image. */
export const mask: View = {
  summary_tab: "tab.classes",
  Summary: lazy_part(() => import("./mask_summary"), "MaskSummary", 400),
  filters: ["class", "problems"],
  Sample: lazy_part(parts, "MaskSample"),
  LargeSample: lazy_part(parts, "MaskLargeSample", 400),
  target_text: () => "",
  Target: () => null,
  Answer: lazy_part(parts, "MaskAnswer", 400),
  draws_image: true,
  answer_columns: ["class", "index", "pixels", "share"],
  answer_rows: (answer) =>
    ((answer.classes ?? []) as { class: number; label: string; pixels: number; share: number }[]).map((one) => [
      one.label,
      one.class,
      one.pixels,
      one.share,
    ]),
  Prediction: lazy_part(parts, "MaskPrediction"),
  LargePrediction: lazy_part(parts, "MaskLargePrediction", 400),
  orders: [
    { value: "worst", label: "images.sort.worst" },
    { value: "index", label: "images.sort.index" },
  ],
  evaluation_tabs: [
    { id: "numbers", label: "tab.scores", Panel: lazy_part(evaluation, "MaskNumbersPanel", 400) },
    { id: "matrix", label: "tab.matrix", Panel: lazy_part(evaluation, "MaskConfusionPanel", 400) },
  ],
  evaluation_facts: (facts, { t }) => {
    const { miou, pixel_accuracy } = facts as unknown as Record<string, number | null>;
    if (miou === undefined) return [];
    return [
      [t("mask.figure.miou"), percent(miou)],
      [t("mask.figure.pixel_accuracy"), percent(pixel_accuracy)],
    ];
  },
};
