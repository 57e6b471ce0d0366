import { Skeleton, Stack, Table, Text, UnstyledButton } from "@mantine/core";
import { Link } from "react-router";
import type { Dataset, DatasetFacts } from "../../api/client";
import { CsvTable } from "../../charts/csv_table";
import { significant } from "../../format/format";
import { useText } from "../../text/text";
import { Figures } from "../overlay/figures";
import { useFirstSamples } from "../overlay/first_samples";
import { SizeBars } from "../overlay/size_bars";
import { PredictionCard } from "../prediction_card";
import type { EvaluationPanelProps, OpenedPrediction, OpenPrediction } from "../view";
import { judged_numbers, number_errors, number_facts } from "./number_facts";

const four = (value: number | null) => significant(value, 4);

/** The numbers of a dataset: between what they lie, as far as its first samples say. */
export function NumbersSummary({ data, dataset }: { data: Dataset; dataset: DatasetFacts }) {
  const { t } = useText();
  const samples = useFirstSamples(data.job.id, dataset.splits);
  if (!samples) return <Skeleton height={200} />;
  const rows = number_facts(samples, dataset.target_names ?? []);
  const split = ["train", "val", "test"].find((name) => name in dataset.splits) ?? "train";
  return (
    <Stack gap="md">
      <CsvTable
        file={`${data.job.name} numbers`}
        rows={() => [
          ["number", "lowest", "mean", "highest"],
          ...rows.map(({ name, lowest, mean, highest }) => [name, lowest, mean, highest]),
        ]}
        min_width={420}
        test_id="numbers"
        note={
          <Text size="sm" c="dimmed">
            {t("numbers.of_samples", { n: samples.length })}
          </Text>
        }
      >
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("numbers.number")}</Table.Th>
            <Table.Th ta="right">{t("numbers.lowest")}</Table.Th>
            <Table.Th ta="right">{t("numbers.mean")}</Table.Th>
            <Table.Th ta="right">{t("numbers.highest")}</Table.Th>
            <Table.Th>{t("numbers.distribution")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ name, lowest, mean, highest, lowest_at, highest_at, counts }) => (
            <Table.Tr key={name}>
              <Table.Th scope="row">{name}</Table.Th>
              <Table.Td ta="right">
                <Link to={`?tab=explore&split=${split}&image=${lowest_at}`}>{four(lowest)}</Link>
              </Table.Td>
              <Table.Td ta="right">{four(mean)}</Table.Td>
              <Table.Td ta="right">
                <Link to={`?tab=explore&split=${split}&image=${highest_at}`}>{four(highest)}</Link>
              </Table.Td>
              <Table.Td>
                <Distribution counts={counts} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </CsvTable>
      <SizeBars samples={samples} />
    </Stack>
  );
}

const [width, height] = [144, 28];

/** A histogram as small as a word; the table says the same in numbers. */
function Distribution({ counts }: { counts: number[] }) {
  const most = Math.max(1, ...counts);
  const step = width / counts.length;
  return (
    <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {counts.map((count, i) => {
        const tall = (count / most) * height;
        return <rect key={i} x={i * step} y={height - tall} width={step - 1} height={tall} fill="var(--accent)" />;
      })}
    </svg>
  );
}

/** How far the answers are from the numbers: of all, and of each. */
export function ErrorsPanel({ name, facts, set }: EvaluationPanelProps) {
  const { t } = useText();
  if (facts.labelled === 0) return <Text c="dimmed">{t("evaluation.no_truth")}</Text>;
  const { each, all } = number_errors(facts);
  const worst = (number: string | null) => set({ tab: "images", sort: null, number });
  return (
    <Stack gap="md">
      <Figures
        hint={t("boxes.show_worst")}
        on_open={() => worst(null)}
        figures={[
          { id: "mae", label: t("numbers.mae"), value: four(all.mae), title: t("numbers.mae.help") },
          { id: "rmse", label: t("numbers.rmse"), value: four(all.rmse), title: t("numbers.rmse.help") },
          ...(all.r2 === null
            ? []
            : [{ id: "r2", label: t("numbers.r2"), value: four(all.r2), title: t("numbers.r2.help") }]),
        ]}
      />
      <CsvTable
        file={`${name} numbers`}
        rows={() => [
          ["number", "mae", "rmse", "r2"],
          ...each.map((one) => [one.name, one.mae ?? "", one.rmse ?? "", one.r2 ?? ""]),
        ]}
        min_width={360}
        test_id="number-errors"
      >
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("numbers.number")}</Table.Th>
            <Table.Th ta="right">{t("numbers.mae")}</Table.Th>
            <Table.Th ta="right">{t("numbers.rmse")}</Table.Th>
            <Table.Th ta="right">{t("numbers.r2")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {each.map((one, i) => (
            <Table.Tr key={one.name}>
              <Table.Th scope="row">
                <UnstyledButton fz="sm" td="underline" title={t("numbers.show_worst")} onClick={() => worst(String(i))}>
                  {one.name}
                </UnstyledButton>
              </Table.Th>
              <Table.Td ta="right">{four(one.mae)}</Table.Td>
              <Table.Td ta="right">{four(one.rmse)}</Table.Td>
              <Table.Td ta="right">{one.r2 === null ? "–" : four(one.r2)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </CsvTable>
    </Stack>
  );
}

/** An evaluated image with its numbers, or how far they are off. */
export function NumbersPrediction(opened: OpenPrediction) {
  const { t } = useText();
  const { numbers, error } = judged_numbers(opened.item, opened.facts);
  const [first] = numbers;
  const one = numbers.length === 1 && first;
  const words = one
    ? first.target === null
      ? four(first.predicted)
      : t("numbers.one_in_words", { predicted: four(first.predicted), target: four(first.target) })
    : t("numbers.in_words", { error: four(error) });
  return <PredictionCard {...opened} words={words} />;
}

/** Target, answer and error of each number. */
export function JudgedNumbers({ item, facts }: OpenedPrediction) {
  const { t } = useText();
  const { numbers } = judged_numbers(item, facts);
  return (
    <CsvTable
      file={`image ${item.index} numbers`}
      rows={() => [
        ["number", "target", "predicted", "error"],
        ...numbers.map((one) => [one.name, one.target ?? "", one.predicted, one.error ?? ""]),
      ]}
      min_width={300}
      test_id="judged"
    >
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t("numbers.number")}</Table.Th>
          <Table.Th ta="right">{t("numbers.target")}</Table.Th>
          <Table.Th ta="right">{t("matrix.predicted")}</Table.Th>
          <Table.Th ta="right">{t("numbers.error")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {numbers.map((one) => (
          <Table.Tr key={one.name}>
            <Table.Th scope="row">{one.name}</Table.Th>
            <Table.Td ta="right">{four(one.target)}</Table.Td>
            <Table.Td ta="right">{four(one.predicted)}</Table.Td>
            <Table.Td ta="right">{four(one.error)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </CsvTable>
  );
}
