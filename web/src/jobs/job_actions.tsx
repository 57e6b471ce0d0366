import { ActionIcon, Button, Group, Menu, Modal, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { answer, client, type Job, ProblemError } from "../api/client";
import { drop_job } from "../api/live";
import { useText } from "../text/text";

type Act = "abort" | "resume" | "snapshot";

export function useJobAct(job: Pick<Job, "id" | "kind">) {
  const { t } = useText();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (act: Act) => answer(client.POST(`/jobs/{id}/${act}`, { params: { path: { id: job.id } } })),
    onSuccess: (changed) => {
      queries.setQueryData([job.kind, job.id], (known: { job: Job } | undefined) =>
        known ? { ...known, job: { ...known.job, ...changed } } : known,
      );
      void queries.invalidateQueries({ queryKey: ["running"] });
    },
    onError: (error) => show_problem(error, t("problem.act")),
  });
}

export function show_problem(error: unknown, title: string): void {
  const problem = error instanceof ProblemError ? error.problem : null;
  notifications.show({
    color: "red",
    title,
    message: problem ? [problem.detail, problem.advice].filter(Boolean).join(". ") : String(error),
    autoClose: 10_000,
  });
}

/** What can be asked of the job right now: the likely thing as a button, the rest in a menu. */
export function JobActions({ job }: { job: Job }) {
  const { t } = useText();
  const act = useJobAct(job);
  const [deleting, set_deleting] = useState(false);
  return (
    <Group gap="xs" wrap="nowrap">
      {job.actions.snapshot && (
        <Button
          variant="default"
          size="xs"
          loading={act.isPending && act.variables === "snapshot"}
          onClick={() => act.mutate("snapshot")}
        >
          {t("action.snapshot")}
        </Button>
      )}
      {job.actions.abort && (
        <Button
          variant="default"
          size="xs"
          loading={act.isPending && act.variables === "abort"}
          onClick={() => act.mutate("abort")}
        >
          {t("action.abort")}
        </Button>
      )}
      {job.actions.resume && (
        <Button size="xs" loading={act.isPending && act.variables === "resume"} onClick={() => act.mutate("resume")}>
          {t("action.resume")}
        </Button>
      )}
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size="md" aria-label={t("action.more")}>
            ⋯
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} to={`/${job.kind}s/new?clone=${job.id}`}>
            {t("action.clone")}
          </Menu.Item>
          {job.kind === "dataset" && (
            <Menu.Item component={Link} to={`/models/new?dataset=${job.id}`}>
              {t("action.train_on_it")}
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item color="red" disabled={!job.actions.delete} onClick={() => set_deleting(true)}>
            {t("action.delete")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {deleting && <DeleteDialog job={job} close={() => set_deleting(false)} />}
    </Group>
  );
}

function DeleteDialog({ job, close }: { job: Job; close: () => void }) {
  const { t } = useText();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const remove = useMutation({
    mutationFn: async () => {
      const result = await client.DELETE("/jobs/{id}", { params: { path: { id: job.id } } });
      if (!result.response.ok) await answer(Promise.resolve(result));
    },
    onSuccess: () => {
      drop_job(queries, job.id);
      navigate(`/?kind=${job.kind}`);
    },
    onError: (error) => {
      show_problem(error, t("problem.delete"));
      close();
    },
  });
  return (
    <Modal
      opened
      onClose={close}
      title={t("delete.title", { name: job.name })}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack>
        <Text size="sm">{t(job.kind === "dataset" ? "delete.dataset" : "delete.model")}</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("action.cancel")}
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
            {t("delete.confirm")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
