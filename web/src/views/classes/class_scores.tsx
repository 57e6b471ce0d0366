import { Button, Group, Stack, Table, UnstyledButton } from "@mantine/core";
import type { ClassScore, EvaluationFacts } from "../../api/client";
import { save_text, to_csv } from "../../charts/csv";
import { class_colour } from "../../charts/palette";
import { percent } from "../../format/format";
import { useText } from "../../text/text";
import type { EvaluationPanelProps } from "../view";

type Column = "label" | "support" | "predicted" | "precision" | "recall" | "f1";
const columns: Column[] = ["label", "support", "predicted", "precision", "recall", "f1"];
const by_words = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

function sorted(classes: ClassScore[], sort: string): ClassScore[] {
  const descending = sort.startsWith("-");
  const column = (descending ? sort.slice(1) : sort) as Column;
  const sign = descending ? -1 : 1;
  return [...classes].sort((a, b) => {
    if (column === "label") return sign * by_words.compare(a.label, b.label);
    const x = a[column];
    const y = b[column];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return sign * (x - y) || a.index - b.index;
  });
}

interface Props {
  facts: EvaluationFacts;
  name: string;
  sort: string;
  on_sort: (sort: string) => void;
  on_class: (index: number) => void;
}

export function ScoresPanel({ facts, name, params, set }: EvaluationPanelProps) {
  return (
    <ClassScores
      facts={facts}
      name={name}
      sort={params.get("by") ?? "label"}
      on_sort={(by) => set({ by })}
      on_class={(truth) => set({ tab: "images", truth: String(truth), predicted: null })}
    />
  );
}

/** Precision, recall and F1 of each class; a click on a class shows its images. */
function ClassScores({ facts, name, sort, on_sort, on_class }: Props) {
  const { t, whole } = useText();
  const word = (column: Column) => (column === "label" ? t("explore.class") : t(`scores.${column}`));
  const rows = sorted(facts.classes, sort);
  const save = () =>
    save_text(
      `${name} classes.csv`,
      "text/csv",
      to_csv([
        ["class", ...columns.slice(1)],
        ...rows.map((row) => [row.label, ...columns.slice(1).map((column) => row[column] ?? "")]),
      ]),
    );
  return (
    <Stack gap="sm">
      <Group justify="flex-end">
        <Button size="compact-xs" variant="default" onClick={save}>
          CSV
        </Button>
      </Group>
      <Table.ScrollContainer minWidth={520}>
        <Table data-testid="scores" className="card">
          <Table.Thead>
            <Table.Tr>
              {columns.map((column) => {
                const order = sort === column ? "ascending" : sort === `-${column}` ? "descending" : undefined;
                return (
                  <Table.Th key={column} ta={column === "label" ? "left" : "right"} aria-sort={order}>
                    <UnstyledButton fz="sm" fw={600} onClick={() => on_sort(sort === column ? `-${column}` : column)}>
                      {word(column)} {order === "ascending" ? "↑" : order === "descending" ? "↓" : ""}
                    </UnstyledButton>
                  </Table.Th>
                );
              })}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.index}>
                <Table.Td>
                  <span className="swatch" style={{ background: class_colour(row.index) }} />
                  <UnstyledButton fz="sm" td="underline" onClick={() => on_class(row.index)}>
                    {row.label}
                  </UnstyledButton>
                </Table.Td>
                <Table.Td ta="right">{whole(row.support)}</Table.Td>
                <Table.Td ta="right">{whole(row.predicted)}</Table.Td>
                <Table.Td ta="right">{percent(row.precision)}</Table.Td>
                <Table.Td ta="right">{percent(row.recall)}</Table.Td>
                <Table.Td ta="right">{percent(row.f1)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
