import { PredictedImages } from "../../evaluations/predicted_images";
import { useText } from "../../text/text";
import type { EvaluationPanelProps } from "../view";

/** Images of which the network was most confident, and wrong. */
export function MistakesPanel({ job, facts, params, set }: EvaluationPanelProps) {
  const { t } = useText();
  return (
    <PredictedImages
      job={job}
      facts={facts}
      params={params}
      set={set}
      choice={{ truth: null, predicted: null, correct: false, sort: "-probability" }}
      none={t("mistakes.none")}
    />
  );
}
