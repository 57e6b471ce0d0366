import { Anchor, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, file_url, type Job, ProblemError } from "../api/client";
import { is_active } from "../api/live";
import { exports_query } from "../api/queries";
import { BrowseButton } from "../forms/path_field";
import { EmptyState } from "../frame/empty_state";
import { PageSkeleton, ProblemAlert, QueryProblem } from "../frame/page_states";
import { JobActions } from "../jobs/job_actions";
import { JobProgress, StateWord, useProgressWords } from "../jobs/job_state";
import { useText } from "../text/text";

interface ExportResult {
  folder: string | null;
  file: string | null;
  counts: Record<string, number>;
}

/** Writes the dataset in a format of others, and shows what was written. */
export function ExportsPanel({ dataset }: { dataset: Job }) {
  const { t } = useText();
  const found = useQuery(exports_query(dataset.id));
  if (found.error && !found.data) return <QueryProblem error={found.error} />;
  if (!found.data) return <PageSkeleton />;
  const { formats, items } = found.data;
  return (
    <Stack>
      {formats.length > 0 ? (
        <ExportForm dataset={dataset} formats={formats} />
      ) : (
        <div className="card">
          <EmptyState icon="dataset" title={t(dataset.state === "done" ? "export.no_format" : "dataset.not_yet")} />
        </div>
      )}
      {items.map((job) => (
        <Exported key={job.id} job={job} />
      ))}
    </Stack>
  );
}

interface FormProps {
  dataset: Job;
  formats: { name: string; title: string; help: string }[];
}

function ExportForm({ dataset, formats }: FormProps) {
  const { t, translated } = useText();
  const queries = useQueryClient();
  const [format, set_format] = useState(formats[0]!.name);
  const [folder, set_folder] = useState("");
  const [name, set_name] = useState("");
  const make = useMutation({
    mutationFn: () =>
      answer(
        client.POST("/datasets/{id}/export", {
          params: { path: { id: dataset.id } },
          body: {
            format: format as never,
            folder: folder.trim(),
            ...(name.trim() === "" ? {} : { name: name.trim() }),
          },
        }),
      ),
    onSuccess: () => queries.invalidateQueries({ queryKey: exports_query(dataset.id).queryKey }),
  });
  const chosen = formats.find((one) => one.name === format);
  return (
    <Stack
      component="form"
      className="card"
      style={{ padding: "14px 16px" }}
      gap="sm"
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <Select
        label={t("export.format")}
        description={chosen && (translated(`export.${chosen.name}.help`) ?? chosen.help)}
        allowDeselect={false}
        value={format}
        onChange={(value) => set_format(value ?? format)}
        data={formats.map(({ name, title }) => ({ value: name, label: translated(`export.${name}`) ?? title }))}
      />
      <TextInput
        label={t("export.name")}
        maxLength={200}
        value={name}
        onChange={(event) => set_name(event.currentTarget.value)}
      />
      <div className="path-row">
        <TextInput
          label={t("export.folder")}
          description={t("export.folder.help")}
          value={folder}
          onChange={(event) => set_folder(event.currentTarget.value)}
        />
        <BrowseButton kind="folder" value={folder} label={t("export.folder")} on_choose={set_folder} />
      </div>
      {make.error instanceof ProblemError && <ProblemAlert problem={make.error.problem} />}
      <Group>
        <Button type="submit" loading={make.isPending}>
          {t("export.start")}
        </Button>
      </Group>
    </Stack>
  );
}

/** An export: how far it is, or where it went. */
function Exported({ job }: { job: Job }) {
  const { t, said, translated, date, exact_date } = useText();
  const words = useProgressWords();
  const format = (job.spec as { format?: string } | null)?.format ?? "";
  const result = job.result as ExportResult | null;
  const error = job.error as { message?: string; advice?: string } | null;
  return (
    <section className="card" style={{ padding: "14px 16px" }} data-testid="export" data-state={job.state}>
      <Group justify="space-between" align="flex-start">
        <Stack gap={4} align="flex-start">
          <Text fw={600}>{job.name}</Text>
          {translated(`export.${format}`) && <Text size="sm">{translated(`export.${format}`)}</Text>}
          <Group gap="sm">
            <StateWord state={job.state} />
            <Text size="sm" c="dimmed" title={exact_date(job.created_at)}>
              {date(job.created_at)}
            </Text>
          </Group>
          {is_active(job) && (
            <Text size="sm" c="dimmed" data-testid="progress">
              {words(job)}
            </Text>
          )}
          {result?.folder && (
            <Text size="sm" className="mono">
              {result.folder}
            </Text>
          )}
          {job.state === "done" && result?.file && (
            <Anchor href={file_url(job.id, result.file)} download={`${job.name}.tar`} size="sm">
              {t("export.download")}
            </Anchor>
          )}
          {error?.message && (
            <Text size="sm" c="red">
              {said(error.message)} {error.advice && said(error.advice)}
            </Text>
          )}
        </Stack>
        <JobActions job={job} />
      </Group>
      {is_active(job) && <JobProgress job={job} />}
    </section>
  );
}
