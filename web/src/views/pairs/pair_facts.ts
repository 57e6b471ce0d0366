import { percent, significant } from "../../format/format";
import type { Figure } from "../overlay/figures";
import type { Words } from "../view";

const or_null = (value: unknown) => (typeof value === "number" ? value : null);

/** What an evaluation says of pairs of images: how well their distances tell similar ones from others. */
export function pair_figures(facts: object, { t }: Pick<Words, "t">): Figure[] {
  const members = facts as Record<string, unknown>;
  const count = (name: string) => t("pairs.count", { n: or_null(members[name]) ?? 0 });
  const four = (name: string) => significant(or_null(members[name]), 4);
  const figures = [
    {
      id: "accuracy",
      label: t("pairs.accuracy"),
      value: percent(or_null(members.accuracy)),
      title: t("pairs.accuracy.help", { threshold: four("threshold") }),
    },
    { id: "similar", label: t("pairs.similar"), value: four("similar_distance"), title: count("similar_pairs") },
    {
      id: "dissimilar",
      label: t("pairs.dissimilar"),
      value: four("dissimilar_distance"),
      title: count("dissimilar_pairs"),
    },
  ];
  return members.loss === undefined
    ? figures
    : [...figures, { id: "loss", label: t("pairs.loss"), value: four("loss"), title: t("pairs.loss.help") }];
}

/** What an evaluation says of one pair. */
export function judged_pair(item: object): { is_similar: boolean; is_near: boolean; distance: number | null } {
  const { similar, predicted_similar, distance } = item as Record<string, unknown>;
  return { is_similar: similar === true, is_near: predicted_similar === true, distance: or_null(distance) };
}
