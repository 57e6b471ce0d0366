import { MultiSelect } from "@mantine/core";
import { useState } from "react";
import { useAllJobs } from "../api/queries";
import { useText } from "../text/text";

const most_listed = 50;

/** Chooses models by name among all; only what fits the search is listed. */
export function RunSelect({
  label,
  ids,
  on_change,
  without,
}: {
  label: string;
  ids: string[];
  on_change: (ids: string[]) => void;
  without?: string;
}) {
  const { t } = useText();
  const models = useAllJobs("model").jobs;
  const [search, set_search] = useState("");
  const word = search.trim().toLowerCase();
  const known = new Map(models.map((job) => [job.id, job]));
  const found = models
    .filter((job) => job.id !== without && !ids.includes(job.id))
    .filter((job) => `${job.name} ${job.group} ${job.id}`.toLowerCase().includes(word))
    .slice(0, most_listed);
  const option = (id: string) => {
    const job = known.get(id);
    return { value: id, label: job ? (job.group ? `${job.name} · ${job.group}` : job.name) : id };
  };
  return (
    <MultiSelect
      size="xs"
      label={label}
      placeholder={ids.length === 0 ? t("compare.add") : undefined}
      data={[...ids.map(option), ...found.map((job) => option(job.id))]}
      filter={({ options }) => options}
      value={ids}
      onChange={on_change}
      searchable
      searchValue={search}
      onSearchChange={set_search}
      hidePickedOptions
      nothingFoundMessage={t("list.none_found")}
    />
  );
}
