import { Button, Group, Stack, Table, Text } from "@mantine/core";
import { useState } from "react";
import { CsvButton } from "../../charts/csv_table";
import { significant } from "../../format/format";
import { useText } from "../../text/text";
import type { NumberRow } from "./numbers";
import "./raw.css";

/** So many rows are drawn; copy and CSV have all. */
const most_shown = 200;

/** Numbers with their places, to read and to take away. */
export function NumberTable({ rows, name }: { rows: NumberRow[]; name: string }) {
  const { t, whole } = useText();
  const [copied, set_copied] = useState(false);
  if (rows.length === 0) return <Text c="dimmed">{t("raw.none")}</Text>;
  const copy = () =>
    void navigator.clipboard
      .writeText(rows.map((row) => row.join("\t")).join("\n"))
      .then(() => set_copied(true))
      .catch(() => set_copied(false));
  return (
    <Stack gap="xs" data-testid="raw">
      <Group justify="space-between">
        <Text size="sm" c="dimmed">
          {t("raw.count", { n: rows.length })}
        </Text>
        <Group gap="xs">
          <Button size="compact-xs" variant="default" onClick={copy}>
            {t(copied ? "raw.copied" : "raw.copy")}
          </Button>
          <CsvButton file={name} rows={() => [["place", "value"], ...rows]} />
        </Group>
      </Group>
      <div className="raw-numbers" tabIndex={0} role="region" aria-label={t("raw.title")}>
        <Table>
          <Table.Tbody>
            {rows.slice(0, most_shown).map(([place, value]) => (
              <Table.Tr key={place}>
                <Table.Th scope="row">{place}</Table.Th>
                <Table.Td ta="right">{typeof value === "number" ? significant(value, 6) : value}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {rows.length > most_shown && (
        <Text size="xs" c="dimmed">
          {t("raw.cut", { shown: whole(most_shown), n: rows.length })}
        </Text>
      )}
    </Stack>
  );
}
