import { Group, SegmentedControl, Stack, Text, useComputedColorScheme } from "@mantine/core";
import { percent } from "../../format/format";
import { type TextKey, useText } from "../../text/text";
import type { EvaluationPanelProps } from "../view";
import { type Confusable, cell_colours, confusion_of, shown_classes } from "./confusion";
import "./matrix.css";

/** More rows than that cannot be read, and hold up the browser. */
const most_classes = 60;

interface MatrixProps {
  facts: Confusable;
  params: URLSearchParams;
  set: (changes: Record<string, string | null>) => void;
  /** What a cell says: `{n}`, `{truth}` and `{predicted}`. */
  cell?: TextKey;
  help?: TextKey;
}

interface Props {
  facts: Confusable;
  order: string;
  cell: TextKey;
  help: TextKey;
  /** Percentages of the row instead of counts. */
  shares: boolean;
  on_shares: (shares: boolean) => void;
  on_order: (order: string) => void;
  on_cell: (truth: number, predicted: number) => void;
}

export function MatrixPanel({ facts, params, set }: EvaluationPanelProps) {
  const { t } = useText();
  if (facts.labelled === 0) return <Text c="dimmed">{t("evaluation.no_truth")}</Text>;
  return <Matrix facts={facts} params={params} set={set} />;
}

/** Numbers on cells coloured by their share of the row; a click leads to the images. Its choices stand in the address. */
export function Matrix({ facts, params, set, cell = "matrix.cell", help = "matrix.help" }: MatrixProps) {
  return (
    <ConfusionMatrix
      facts={facts}
      cell={cell}
      help={help}
      order={params.get("order") ?? "class"}
      shares={params.get("numbers") === "percent"}
      on_shares={(shares) => set({ numbers: shares ? "percent" : null })}
      on_order={(order) => set({ order: order === "class" ? null : order })}
      on_cell={(truth, predicted) => set({ tab: "images", truth: String(truth), predicted: String(predicted) })}
    />
  );
}

function ConfusionMatrix({ facts, order, shares, cell, help, on_shares, on_order, on_cell }: Props) {
  const { t, whole } = useText();
  const dark = useComputedColorScheme("light") === "dark";
  const { count, total } = confusion_of(facts);
  const shown = shown_classes(facts, order === "error", most_classes);
  const name = (index: number) => facts.classes.find((one) => one.index === index)?.label ?? String(index);
  const long_names = shown.some((index) => name(index).length > 4);
  return (
    <Stack gap="sm">
      <Group gap="md">
        <SegmentedControl
          size="xs"
          aria-label={t("matrix.order")}
          value={order}
          onChange={on_order}
          data={[
            { value: "class", label: t("matrix.by_class") },
            { value: "error", label: t("matrix.by_error") },
          ]}
        />
        <SegmentedControl
          size="xs"
          aria-label={t("matrix.numbers")}
          value={shares ? "percent" : "count"}
          onChange={(value) => on_shares(value === "percent")}
          data={[
            { value: "count", label: t("matrix.counts") },
            { value: "percent", label: t("matrix.shares") },
          ]}
        />
        <span className="matrix-legend">
          {t("matrix.legend")} <span>0 %</span>
          <i
            style={{
              background: `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map((share) => cell_colours(share, dark).background).join(", ")})`,
            }}
          />
          <span>100 %</span>
        </span>
      </Group>
      <Text size="sm" c="dimmed">
        {t(help)}
      </Text>
      {shown.length < facts.classes.length && (
        <Text size="sm" c="dimmed">
          {t("matrix.cut", { n: shown.length })}
        </Text>
      )}
      <div className="card matrix-card scroll-x" tabIndex={0} role="region" aria-label={t("tab.matrix")}>
        <table className="matrix" data-testid="matrix">
          <caption className="dimmed">{t("matrix.label")}</caption>
          <thead>
            <tr>
              <td />
              {shown.map((index) => (
                <th key={index} scope="col" data-long={long_names} title={name(index)}>
                  <span>{name(index)}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((truth) => (
              <tr key={truth}>
                <th scope="row" title={name(truth)}>
                  {name(truth)}
                </th>
                {shown.map((predicted) => {
                  const n = count(truth, predicted);
                  if (n === 0) return <td key={predicted} data-diagonal={truth === predicted} />;
                  const words = t(cell, { n, truth: name(truth), predicted: name(predicted) });
                  return (
                    <td key={predicted} data-diagonal={truth === predicted}>
                      <button
                        type="button"
                        style={cell_colours(n / Math.max(1, total(truth)), dark)}
                        title={words}
                        aria-label={words}
                        data-cell={`${truth}-${predicted}`}
                        onClick={() => on_cell(truth, predicted)}
                      >
                        {shares ? percent(n / Math.max(1, total(truth)), 1) : whole(n)}
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Stack>
  );
}
