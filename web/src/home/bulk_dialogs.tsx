import { Autocomplete, Button, Checkbox, Group, List, Modal, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { answer, client, type Job } from "../api/client";
import { drop_job } from "../api/live";
import { delete_job, useOfferUndo } from "../jobs/deletion";
import { show_problem } from "../jobs/problem_note";
import { type TextKey, useText } from "../text/text";

const at_once = 4;
const most_named = 8;

/** Asks the same of each job, a few at a time; one that refuses stops none of the others. Says what was refused. */
export function useForEach(
  act: (job: Job) => Promise<unknown>,
  words: { done?: TextKey; failed: TextKey },
  after: () => void,
) {
  const { t, said, said_error } = useText();
  return useMutation({
    mutationFn: async (jobs: Job[]) => {
      const waiting = [...jobs];
      const refused: { job: Job; error: unknown }[] = [];
      const work = async () => {
        for (let job = waiting.shift(); job; job = waiting.shift()) {
          const one = job;
          await act(one).catch((error: unknown) => refused.push({ job: one, error }));
        }
      };
      await Promise.all(Array.from({ length: at_once }, work));
      return { done: jobs.length - refused.length, refused };
    },
    onSuccess: ({ done, refused }) => {
      if (done > 0 && words.done)
        notifications.show({
          message: t(words.done, { n: done }),
          closeButtonProps: { "aria-label": t("action.close") },
        });
      const [first] = refused;
      if (first) {
        const reason = said_error(first.error);
        const message = refused.length > 1 ? `${reason} (${t("list.and_more", { n: refused.length - 1 })})` : reason;
        show_problem(message, `${t(words.failed)}: ${first.job.name}`, said);
      }
      after();
    },
  });
}

export function abort_job(job: Job): Promise<unknown> {
  return answer(client.POST("/jobs/{id}/abort", { params: { path: { id: job.id } } }));
}

interface BulkDialogProps {
  what: "delete" | "abort" | "move";
  jobs: Job[];
  dependents: Job[];
  groups: string[];
  close: () => void;
}

/** The question before something is done to all of the selected jobs. */
export default function BulkDialog({ what, jobs, dependents, groups, close }: BulkDialogProps) {
  switch (what) {
    case "delete":
      return <DeleteJobs jobs={jobs} dependents={dependents} close={close} />;
    case "abort":
      return <AbortJobs jobs={jobs.filter((job) => job.actions.abort)} close={close} />;
    case "move":
      return <MoveJobs jobs={jobs} groups={groups} close={close} />;
  }
}

/** Names what goes and what depends on it. */
function DeleteJobs({ jobs, dependents, close }: { jobs: Job[]; dependents: Job[]; close: () => void }) {
  const { t } = useText();
  const queries = useQueryClient();
  const offer_undo = useOfferUndo();
  const gone = useRef<string[]>([]);
  const [with_dependents, set_with] = useState(false);
  const active = jobs.filter((job) => !job.actions.delete);
  const deletable = jobs.filter((job) => job.actions.delete);
  const remove = async (job: Job) => {
    await delete_job(job.id);
    gone.current.push(job.id);
    drop_job(queries, job.id);
  };
  const done = () => {
    if (gone.current.length > 0) offer_undo(gone.current, t("bulk.deleted", { n: gone.current.length }));
    close();
  };
  const models = useForEach(remove, { failed: "problem.delete" }, () => {
    datasets.mutate(deletable.filter((job) => job.kind === "dataset"));
  });
  const datasets = useForEach(remove, { failed: "problem.delete" }, done);
  // Datasets last: a dataset goes only when nothing needs it.
  const start = () =>
    models.mutate([...(with_dependents ? dependents : []), ...deletable.filter((job) => job.kind !== "dataset")]);
  const kind = jobs[0]?.kind ?? "model";
  return (
    <Modal
      opened
      onClose={close}
      title={t("bulk.delete.title", { n: jobs.length })}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack gap="sm">
        <Names jobs={jobs} />
        <Text size="sm">
          {t(`bulk.delete.${kind}s`)} {t("delete.undo")}
        </Text>
        {active.length > 0 && (
          <Text size="sm" fw={600}>
            {t("bulk.delete.active", { n: active.length })}
          </Text>
        )}
        {dependents.length > 0 && (
          <>
            <Text size="sm" fw={600}>
              {t("bulk.delete.needed", { n: dependents.length })}
            </Text>
            <Names jobs={dependents} />
            <Checkbox
              size="sm"
              label={t("bulk.delete.dependents")}
              checked={with_dependents}
              onChange={(event) => set_with(event.currentTarget.checked)}
            />
          </>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("action.cancel")}
          </Button>
          <Button
            color="red"
            loading={models.isPending || datasets.isPending}
            disabled={deletable.length === 0}
            onClick={start}
          >
            {t("bulk.delete.confirm", { n: deletable.length + (with_dependents ? dependents.length : 0) })}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function AbortJobs({ jobs, close }: { jobs: Job[]; close: () => void }) {
  const { t } = useText();
  const abort = useForEach(abort_job, { done: "bulk.aborted", failed: "problem.act" }, close);
  return (
    <Modal
      opened
      onClose={close}
      title={t("bulk.abort.title", { n: jobs.length })}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack gap="sm">
        <Names jobs={jobs} />
        <Text size="sm">{t("bulk.abort.text")}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("action.cancel")}
          </Button>
          <Button loading={abort.isPending} onClick={() => abort.mutate(jobs)}>
            {t("action.abort")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function MoveJobs({ jobs, groups, close }: { jobs: Job[]; groups: string[]; close: () => void }) {
  const { t } = useText();
  const [group, set_group] = useState(jobs.every((job) => job.group === jobs[0]?.group) ? (jobs[0]?.group ?? "") : "");
  const move = useForEach(
    (job) => answer(client.PATCH("/jobs/{id}", { params: { path: { id: job.id } }, body: { group: group.trim() } })),
    { done: "bulk.moved", failed: "problem.edit" },
    close,
  );
  return (
    <Modal
      opened
      onClose={close}
      title={t("bulk.move.title", { n: jobs.length })}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack
        gap="sm"
        component="form"
        onSubmit={(event) => {
          event.preventDefault();
          move.mutate(jobs);
        }}
      >
        <Names jobs={jobs} />
        <Autocomplete
          data-autofocus
          label={t("field.group")}
          description={t("field.group.help")}
          data={groups}
          maxLength={200}
          value={group}
          onChange={set_group}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" loading={move.isPending}>
            {t("bulk.move.confirm")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Names({ jobs }: { jobs: Job[] }) {
  const { t } = useText();
  return (
    <List size="sm" withPadding>
      {jobs.slice(0, most_named).map((job) => (
        <List.Item key={job.id}>{job.name}</List.Item>
      ))}
      {jobs.length > most_named && <List.Item>{t("list.and_more", { n: jobs.length - most_named })}</List.Item>}
    </List>
  );
}
