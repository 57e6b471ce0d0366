import { Modal, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, type Job, type Model, ProblemError } from "../api/client";
import { publications_query, useSystem } from "../api/queries";
import { DeclaredFields } from "../forms/declared_fields";
import { useDraft } from "../forms/draft";
import { field_errors } from "../forms/field_errors";
import { Folded } from "../forms/fields";
import { put_typed, type Typed, useFormFields } from "../forms/form_fields";
import { ProblemAlert } from "../frame/page_states";
import { ActionForm } from "../jobs/action_form";
import { StartedJob } from "../jobs/started_job";
import { useText } from "../text/text";
import { fields_of_target, place_paths, type Target } from "./publish_targets";
import { SnapshotSelect } from "./snapshot_choices";

const nowhere = {
  to: "folder",
  folder: "",
  bucket: "",
  server: "",
  "/endpoint": "",
  "/region": "",
  "/profile": "",
  "/access_key": "",
};

/** Puts the model into a repository of Triton, in a folder or a bucket, or gives it to an inference server; and shows where it was put before. */
export default function PublishDialog({ model, close }: { model: Model; close: () => void }) {
  const { t } = useText();
  const published = useQuery(publications_query(model.job.id));
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t("publish.title")}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack>
        <PublishForm model={model} />
        {published.data?.items.map((job) => (
          <Published key={job.id} job={job} />
        ))}
      </Stack>
    </Modal>
  );
}

function PublishForm({ model }: { model: Model }) {
  const { t, said_problem } = useText();
  const id = model.job.id;
  const queries = useQueryClient();
  const fields = useFormFields("publication") ?? [];
  const named = useSystem().data?.inference_server ?? "";
  // The place is remembered, the secret key is not.
  const [{ to: kept, folder, bucket, server, ...place }, remember] = useDraft("publish.place", nowhere);
  const to: Target = kept in place_paths ? (kept as Target) : "folder";
  const [rest, set_rest] = useState<Typed>({});
  const [snapshot, set_snapshot] = useState("best");
  const where = place_paths[to];
  const typed: Typed = { ...place, ...rest, [where]: { folder, bucket, server: server || named }[to] };
  const place_field = fields.filter(({ path }) => path === where);
  const shown = fields_of_target(fields, to);
  const change = ({ [where]: typed_place, ...part }: Typed) => {
    if (typed_place !== undefined) remember({ [to]: typed_place });
    const is_kept = ([path]: [string, string]) => path in place;
    remember(Object.fromEntries(Object.entries(part).filter(is_kept)));
    set_rest((before) => ({ ...before, ...Object.fromEntries(Object.entries(part).filter((one) => !is_kept(one))) }));
  };
  const publish = useMutation({
    mutationFn: () => {
      const spec: Record<string, unknown> = { snapshot };
      put_typed(spec, [...place_field, ...shown], typed);
      return answer(
        client.POST("/models/{id}/publications", { params: { path: { id } }, body: { spec: spec as never } }),
      );
    },
    onSuccess: () => queries.invalidateQueries({ queryKey: publications_query(id).queryKey }),
  });
  const problem = publish.error instanceof ProblemError ? said_problem(publish.error.problem) : null;
  const errors = field_errors(
    problem,
    Object.fromEntries([...place_field, ...shown].map(({ path }) => [`/spec${path}`, typed[path] ?? ""])),
  );
  const declared = { typed, change, error: (path: string) => errors.at[`/spec${path}`] };
  const plain = shown.filter((field) => !field.advanced);
  const advanced = shown.filter((field) => field.advanced);
  return (
    <ActionForm
      action={publish}
      confirm={t("publish.confirm")}
      disabled={(typed[where] ?? "").trim() === ""}
      problem={errors.rest && <ProblemAlert problem={errors.rest} />}
    >
      <Text size="sm">{t(to === "server" ? "publish.server.help" : "publish.help")}</Text>
      <SegmentedControl
        aria-label={t("publish.to")}
        value={to}
        onChange={(value) => remember({ to: value })}
        data={[
          { value: "folder", label: t("publish.folder") },
          { value: "bucket", label: t("publish.bucket") },
          { value: "server", label: t("publish.server") },
        ]}
      />
      <DeclaredFields
        fields={place_field.map((one) => ({
          ...one,
          required: true,
          ...(to === "bucket" && { place: "" as const, key: "publish.repository" }),
        }))}
        {...declared}
      />
      {to === "server" && named === "" && (
        <Text size="xs" c="dimmed">
          {t("publish.server.none")}
        </Text>
      )}
      <SnapshotSelect snapshots={model.snapshots} value={snapshot} on_choose={set_snapshot} />
      <DeclaredFields fields={plain} {...declared} />
      {advanced.length > 0 && (
        <Folded
          title={t("section.source_more")}
          values=""
          faulty={advanced.some(({ path }) => declared.error(path) !== undefined)}
        >
          <DeclaredFields fields={advanced} {...declared} />
        </Folded>
      )}
    </ActionForm>
  );
}

interface PublishResult {
  place: string;
  /** Absent: an inference server has it. */
  version?: number;
  export?: { verified: boolean; difference: number | null; runtime: string | null; images: number };
}

/** A publication: how far it is, or where it went. */
function Published({ job }: { job: Job }) {
  const { t, whole } = useText();
  const result = job.result as PublishResult | null;
  const spec = job.spec as { repository?: string; inference_server?: string } | null;
  return (
    <StartedJob
      job={job}
      test_id="publication"
      title={
        <Text size="sm" className="mono" style={{ overflowWrap: "anywhere" }}>
          {result
            ? result.version === undefined
              ? result.place
              : `${result.place}/${result.version}`
            : spec?.inference_server || spec?.repository}
        </Text>
      }
    >
      {result?.export?.verified && (
        <Text size="sm">
          {t("model_export.verified", {
            difference: (result.export.difference ?? 0).toExponential(1),
            runtime: result.export.runtime ?? "",
            images: whole(result.export.images),
          })}
        </Text>
      )}
    </StartedJob>
  );
}
