import { significant } from "../../format/format";
import { lazy_part } from "../lazy_part";
import { raw } from "../raw";
import type { View } from "../view";
import { number_errors } from "./number_facts";

const parts = () => import("./numbers_parts");

/** Numbers that an image tells: between what they lie, and how far answers are from them. */
export const numbers: View = {
  ...raw,
  Summary: lazy_part(parts, "NumbersSummary", 300),
  filters: [],
  evaluation_tabs: [{ id: "numbers", label: "tab.metrics", Panel: lazy_part(parts, "ErrorsPanel", 300) }],
  evaluation_facts: (facts, { t }) => {
    const { mae, rmse } = number_errors(facts).all;
    if (mae === null) return [];
    return [
      [t("numbers.mae"), significant(mae)],
      [t("numbers.rmse"), significant(rmse)],
    ];
  },
};
