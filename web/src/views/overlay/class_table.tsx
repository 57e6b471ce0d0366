import { Table, UnstyledButton } from "@mantine/core";
import { CsvTable } from "../../charts/csv_table";
import { useText } from "../../text/text";

export interface ClassRow {
  index: number;
  label: string;
  colour: string;
  values: Record<string, number | null>;
}

export interface ClassColumn {
  id: string;
  label: string;
  show: (value: number | null) => string;
}

interface Props {
  /** Of the file that is saved. */
  name: string;
  columns: ClassColumn[];
  /** Columns of the file beyond those. */
  more?: string[];
  rows: ClassRow[];
  /** A column, with `-` falling. */
  sort: string;
  on_sort: (sort: string) => void;
  /** Absent: there are no images of single classes to show. */
  on_class?: (index: number) => void;
  /** Columns whose numbers lead to images of their own, with what they show. */
  value_hints?: Record<string, string>;
  on_value?: (index: number, column: string) => void;
  /** Over the names; absent: "Class". */
  head?: string;
}

const by_words = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Rows by a column; those without a value are last. */
export function sorted_rows(rows: ClassRow[], sort: string): ClassRow[] {
  const falling = sort.startsWith("-");
  const column = falling ? sort.slice(1) : sort;
  const sign = falling ? -1 : 1;
  return [...rows].sort((a, b) => {
    if (column === "label") return sign * by_words.compare(a.label, b.label);
    const x = a.values[column] ?? null;
    const y = b.values[column] ?? null;
    if (x === null || y === null) return Number(x === null) - Number(y === null) || a.index - b.index;
    return sign * (x - y) || a.index - b.index;
  });
}

/** Numbers of each class; a click on a class shows its images. */
export function ClassTable({
  name,
  columns,
  more = [],
  rows,
  sort,
  on_sort,
  on_class,
  value_hints,
  on_value,
  head,
}: Props) {
  const { t } = useText();
  const shown = sorted_rows(rows, sort);
  const ids = [...columns.map(({ id }) => id), ...more];
  const cells = () => [["class", ...ids], ...shown.map((row) => [row.label, ...ids.map((id) => row.values[id] ?? "")])];
  const heads: { id: string; label: string }[] = [{ id: "label", label: head ?? t("explore.class") }, ...columns];
  return (
    <CsvTable file={`${name} classes`} rows={cells} min_width={560} test_id="class-table">
      <Table.Thead>
        <Table.Tr>
          {heads.map(({ id, label }) => {
            const order = sort === id ? "ascending" : sort === `-${id}` ? "descending" : undefined;
            return (
              <Table.Th key={id} ta={id === "label" ? "left" : "right"} aria-sort={order}>
                <UnstyledButton fz="sm" fw={600} onClick={() => on_sort(sort === id ? `-${id}` : id)}>
                  {label} {order === "ascending" ? "↑" : order === "descending" ? "↓" : ""}
                </UnstyledButton>
              </Table.Th>
            );
          })}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {shown.map((row) => (
          <Table.Tr key={row.index}>
            <Table.Td>
              <span className="swatch" style={{ background: row.colour }} />
              {on_class ? (
                <UnstyledButton fz="sm" td="underline" onClick={() => on_class(row.index)}>
                  {row.label}
                </UnstyledButton>
              ) : (
                row.label
              )}
            </Table.Td>
            {columns.map(({ id, show }) => (
              <Table.Td key={id} ta="right">
                {on_value && value_hints?.[id] ? (
                  <UnstyledButton
                    fz="sm"
                    td="underline"
                    title={value_hints[id]}
                    onClick={() => on_value(row.index, id)}
                  >
                    {show(row.values[id] ?? null)}
                  </UnstyledButton>
                ) : (
                  show(row.values[id] ?? null)
                )}
              </Table.Td>
            ))}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </CsvTable>
  );
}
