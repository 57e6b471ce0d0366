import { significant } from "../../format/format";
import { lazy_part } from "../lazy_part";
import { raw } from "../raw";
import { type View, worst_first } from "../view";
import { number_errors } from "./number_facts";

const parts = () => import("./numbers_parts");

/** Numbers that an image tells: between what they lie, and how far answers are from them. */
export const numbers: View = {
  ...raw,
  Summary: lazy_part(parts, "NumbersSummary", 300),
  filters: [],
  Prediction: lazy_part(parts, "NumbersPrediction"),
  Judged: lazy_part(parts, "JudgedNumbers", 120),
  lists_images: undefined,
  orders: worst_first,
  image_filters: (facts) => {
    const { each } = number_errors(facts);
    if (each.length < 2) return [];
    const choices = each.map(({ name }, i) => ({ value: String(i), label: name }));
    return [{ name: "number", label: "numbers.by_error", any: "numbers.all", choices }];
  },
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
