import { useText } from "../../text/text";
import { Figures } from "../overlay/figures";
import type { EvaluationPanelProps } from "../view";
import { pair_figures } from "./pair_facts";

/** How well the network tells similar pairs from others. */
export function PairsPanel({ facts }: EvaluationPanelProps) {
  const { t } = useText();
  return <Figures figures={pair_figures(facts, { t })} />;
}
