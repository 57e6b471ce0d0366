import { lazy_part } from "../lazy_part";
import { raw } from "../raw";
import { type ImageFilter, type View, worst_first } from "../view";
import { pair_figures } from "./pair_facts";

const parts = () => import("./pairs_parts");

/** Evaluations of siamese networks; single images of tests are shown as numbers. */
export const pairs: View = {
  ...raw,
  Prediction: lazy_part(parts, "PairPrediction"),
  Judged: lazy_part(parts, "JudgedPair", 80),
  lists_images: undefined,
  orders: worst_first,
  image_filters: (_, { t }) => {
    const choices = [
      { value: "1", label: t("pairs.is_similar") },
      { value: "0", label: t("pairs.is_dissimilar") },
    ];
    return (["truth", "predicted"] as const).map(
      (name): ImageFilter => ({ name, label: `matrix.${name}`, any: "pairs.any", choices }),
    );
  },
  evaluation_tabs: [{ id: "numbers", label: "tab.metrics", Panel: lazy_part(parts, "PairsPanel", 120) }],
  evaluation_facts: (facts, words) => pair_figures(facts, words).map(({ label, value }) => [label, value]),
};
