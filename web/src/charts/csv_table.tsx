import { Button, Group, Stack, Table } from "@mantine/core";
import type { ReactNode } from "react";
import { type Cells, save_text, to_csv } from "./csv";

interface CsvButtonProps {
  /** The name of the file that is saved, without its ending. */
  file: string;
  /** Asked for when it is pressed; the first row names the columns. */
  rows: () => Cells;
  /** What is saved, where a page has several of these buttons. */
  label?: string;
}

/** Saves numbers as CSV. */
export function CsvButton({ file, rows, label }: CsvButtonProps) {
  return (
    <Button
      size="compact-xs"
      variant="default"
      onClick={() => save_text(`${file}.csv`, "text/csv", to_csv(rows()))}
      aria-label={label && `CSV: ${label}`}
    >
      CSV
    </Button>
  );
}

interface CsvTableProps extends CsvButtonProps {
  /** Below this width, in pixels, the table scrolls. */
  min_width: number;
  test_id?: string;
  /** Beside the button. */
  note?: ReactNode;
  /** The head and the rows of the table. */
  children: ReactNode;
}

/** A table to read, and to save as CSV. */
export function CsvTable({ min_width, test_id, note, children, ...saved }: CsvTableProps) {
  return (
    <Stack gap="sm">
      <Group justify={note ? "space-between" : "flex-end"}>
        {note}
        <CsvButton {...saved} />
      </Group>
      <Table.ScrollContainer minWidth={min_width}>
        <Table className="card" data-testid={test_id}>
          {children}
        </Table>
      </Table.ScrollContainer>
    </Stack>
  );
}
