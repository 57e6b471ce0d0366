import { Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "react-router";
import type { Dataset, DatasetFacts } from "../../api/client";
import { CsvButton } from "../../charts/csv_table";
import { class_colour } from "../../charts/palette";
import { split_names } from "../../datasets/splits";
import { type TextKey, useText } from "../../text/text";

export function Summary({ data, dataset }: { data: Dataset; dataset: DatasetFacts }) {
  return (
    <ClassBars
      labels={dataset.labels}
      counts={Object.fromEntries(Object.entries(dataset.splits).map(([name, { per_class }]) => [name, per_class]))}
      name={data.job.name}
      summary="histogram.summary"
      even="histogram.summary_even"
    />
  );
}

interface Props {
  labels: readonly string[];
  /** Of each class, by split. */
  counts: Record<string, readonly number[]>;
  name: string;
  /** Texts with `{n}` classes, `{least}` and `{most}` of what is counted. */
  summary: TextKey;
  even: TextKey;
  colour_of?: (index: number) => string;
}

/** What is counted of each class, in the order of the labels; a click shows the images. */
export function ClassBars({ labels, counts: of, name, summary, even, colour_of = class_colour }: Props) {
  const { t, whole } = useText();
  const present = split_names.filter((split) => of[split]);
  const [split, set_split] = useState<string>("all");
  const chosen = present.includes(split as (typeof split_names)[number]) ? [split] : present;
  const counts = labels.map((_, i) => chosen.reduce((sum, part) => sum + (of[part]?.[i] ?? 0), 0));
  const most = Math.max(1, ...counts);
  const least = Math.min(...counts);
  const cells = () => [
    ["index", "class", ...present],
    ...labels.map((label, i) => [i, label, ...present.map((part) => of[part]?.[i] ?? 0)]),
  ];
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        {present.length > 1 ? (
          <SegmentedControl
            size="xs"
            aria-label={t("dataset.split")}
            value={chosen.length === 1 ? split : "all"}
            onChange={set_split}
            data={[
              { value: "all", label: t("split.all") },
              ...present.map((part) => ({ value: part, label: t(`split.${part}`) })),
            ]}
          />
        ) : (
          <Text size="sm">{present.map((part) => t(`split.${part}`))}</Text>
        )}
        <Group gap="sm">
          <Text size="sm" c="dimmed">
            {least === most ? t(even, { n: labels.length, most }) : t(summary, { n: labels.length, least, most })}
          </Text>
          <CsvButton file={`${name} classes`} rows={cells} />
        </Group>
      </Group>
      <ul className="card bars histogram-card" tabIndex={0} aria-label={t("dataset.classes")}>
        {labels.map((label, i) => (
          <li className="bar-row" key={label}>
            <Link
              className="plain-link"
              to={`?tab=explore&class=${i}${chosen.length === 1 ? `&split=${chosen[0]}` : ""}`}
              title={t("explore.show", { name: label })}
            >
              {label}
            </Link>
            <span className="bar">
              <i style={{ width: `${(100 * counts[i]!) / most}%`, background: colour_of(i) }} />
            </span>
            <span>{whole(counts[i])}</span>
          </li>
        ))}
      </ul>
    </Stack>
  );
}
