import { significant } from "../../format/format";
import { useText } from "../../text/text";
import { Figures } from "../overlay/figures";
import { PredictionCard } from "../prediction_card";
import type { EvaluationPanelProps, OpenedPrediction, OpenPrediction } from "../view";
import { judged_pair, pair_figures } from "./pair_facts";

/** How well the network tells similar pairs from others. */
export function PairsPanel({ facts, set }: EvaluationPanelProps) {
  const { t } = useText();
  const truths: Record<string, string> = { similar: "1", dissimilar: "0" };
  return (
    <Figures
      hint={t("boxes.show_worst")}
      on_open={(id) => set({ tab: "images", sort: null, truth: truths[id] ?? null, predicted: null })}
      figures={pair_figures(facts, { t })}
    />
  );
}

/** The two images of a pair side by side, and whether the network took them for similar. */
export function PairPrediction(opened: OpenPrediction) {
  const { t } = useText();
  const { is_similar, is_near, distance } = judged_pair(opened.item);
  const words = t("pairs.in_words", {
    truth: t(is_similar ? "pairs.is_similar" : "pairs.is_dissimilar"),
    distance: significant(distance, 4),
  });
  return <PredictionCard {...opened} words={words} wrong={is_similar !== is_near} />;
}

export function JudgedPair({ item, facts }: OpenedPrediction) {
  const { t } = useText();
  const { is_similar, is_near, distance } = judged_pair(item);
  const { threshold } = facts as unknown as { threshold: number };
  const kind = (similar: boolean) => t(similar ? "pairs.is_similar" : "pairs.is_dissimilar");
  return (
    <dl className="facts" data-testid="judged">
      <dt>{t("matrix.truth")}</dt>
      <dd>{kind(is_similar)}</dd>
      <dt>{t("matrix.predicted")}</dt>
      <dd>{kind(is_near)}</dd>
      <dt>{t("pairs.distance")}</dt>
      <dd>{significant(distance, 4)}</dd>
      <dt>{t("pairs.threshold")}</dt>
      <dd>{significant(threshold, 4)}</dd>
    </dl>
  );
}
