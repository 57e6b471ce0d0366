import { Anchor, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, file_url, type Job } from "../api/client";
import { exports_query } from "../api/queries";
import { BrowseButton } from "../forms/path_field";
import { EmptyState } from "../frame/empty_state";
import { PageSkeleton, QueryProblem } from "../frame/page_states";
import { ActionForm } from "../jobs/action_form";
import { StartedJob } from "../jobs/started_job";
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
    <ActionForm action={make} confirm={t("export.start")} in_card>
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
    </ActionForm>
  );
}

/** An export: how far it is, or where it went. */
function Exported({ job }: { job: Job }) {
  const { t, translated } = useText();
  const format = (job.spec as { format?: string } | null)?.format ?? "";
  const result = job.result as ExportResult | null;
  return (
    <StartedJob
      job={job}
      test_id="export"
      title={
        <>
          <Text fw={600}>{job.name}</Text>
          {translated(`export.${format}`) && <Text size="sm">{translated(`export.${format}`)}</Text>}
        </>
      }
    >
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
    </StartedJob>
  );
}
