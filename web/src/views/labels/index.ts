import { percent } from "../../format/format";
import { lazy_part } from "../lazy_part";
import { raw } from "../raw";
import type { View } from "../view";
import { whole_score } from "./label_facts";

const parts = () => import("./labels_parts");

/** Any number of labels for an image. */
export const labels: View = {
  ...raw,
  summary_tab: "labels.title",
  Summary: lazy_part(parts, "LabelsSummary", 300),
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
