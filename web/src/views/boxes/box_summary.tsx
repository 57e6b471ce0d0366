import { Group, Stack, Table, Text, Title } from "@mantine/core";
import { useMemo } from "react";
import type { Dataset, DatasetFacts } from "../../api/client";
import { CsvButton } from "../../charts/csv_table";
import { significant } from "../../format/format";
import { useText } from "../../text/text";
import { ClassBars } from "../classes/class_histogram";
import { lazy_part } from "../lazy_part";
import { useFirstSamples } from "../overlay/first_samples";
import { SizeBars } from "../overlay/size_bars";
import { classes_in, height_of, width_of } from "./boxes";
import { objects_of } from "./samples";

const SizeChart = lazy_part(() => import("./size_chart"), "SizeChart", 340);

/** Objects of each class, and how large they are. */
export function BoxSummary({ data, dataset }: { data: Dataset; dataset: DatasetFacts }) {
  const { t } = useText();
  const samples = useFirstSamples(data.job.id, dataset.splits);
  const boxes = useMemo(
    // Regions that do not count are not objects.
    () =>
      (samples ?? [])
        .flatMap((item) => objects_of(item, dataset.labels))
        .filter((box) => box.class !== dataset.ignore_label),
    [samples, dataset.labels, dataset.ignore_label],
  );
  const counts = Object.fromEntries(
    Object.entries(dataset.splits).map(([name, split]) => [name, split.boxes_per_class ?? split.per_class]),
  );
  const middle = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? 0;
  const cells = () => [["class", "width", "height"], ...boxes.map((box) => [box.label, width_of(box), height_of(box)])];
  return (
    <Stack gap="md">
      <ClassBars
        labels={dataset.labels}
        counts={counts}
        name={data.job.name}
        summary="boxes.histogram"
        even="boxes.histogram_even"
      />
      {samples && boxes.length > 0 && (
        <section className="card histogram-card" data-testid="box-sizes">
          <Group justify="space-between" mb="xs">
            <Title order={3} size="h5">
              {t("boxes.sizes")}
            </Title>
            <CsvButton file={`${data.job.name} box sizes`} rows={cells} label={t("boxes.sizes")} />
          </Group>
          <SizeChart boxes={boxes} />
          <Text size="xs" c="dimmed">
            {t("boxes.sizes.help", { n: samples.length })}
          </Text>
          <details>
            <summary>{t("boxes.sizes.table")}</summary>
            <Table maw={480}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t("explore.class")}</Table.Th>
                  <Table.Th ta="right">{t("boxes.objects")}</Table.Th>
                  <Table.Th ta="right">{t("boxes.median_size")}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {classes_in(boxes).map((one) => {
                  const own = boxes.filter((box) => box.class === one.class);
                  return (
                    <Table.Tr key={one.class}>
                      <Table.Td>{one.label}</Table.Td>
                      <Table.Td ta="right">{one.count}</Table.Td>
                      <Table.Td ta="right">
                        {significant(middle(own.map(width_of)), 3)} × {significant(middle(own.map(height_of)), 3)}
                      </Table.Td>
                    </Table.Tr>
                  );
                })}
              </Table.Tbody>
            </Table>
          </details>
        </section>
      )}
      {samples && <SizeBars samples={samples} />}
    </Stack>
  );
}
