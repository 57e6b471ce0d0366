import { lazy_part } from "../lazy_part";
import { raw } from "../raw";
import type { View } from "../view";
import { pair_figures } from "./pair_facts";

const parts = () => import("./pairs_parts");

/** Evaluations of siamese networks; single images of tests are shown as numbers. */
export const pairs: View = {
  ...raw,
  evaluation_tabs: [{ id: "numbers", label: "tab.metrics", Panel: lazy_part(parts, "PairsPanel", 120) }],
  evaluation_facts: (facts, words) => pair_figures(facts, words).map(({ label, value }) => [label, value]),
};
