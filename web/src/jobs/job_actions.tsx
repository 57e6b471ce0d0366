import { ActionIcon, Button, Group, Menu, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { Link, useNavigate } from "react-router";
import type { Job } from "../api/client";
import { drop_job } from "../api/live";
import { useText } from "../text/text";
import { delete_job, useOfferUndo } from "./deletion";
import { useMayChange } from "./owner";
import { show_problem } from "./problem_note";
import { useJobAct } from "./use_job_act";

const ExtendDialog = lazy(() => import("../models/extend_dialog"));

/** What can be asked of the job right now: the likely thing as a button, the rest in a menu. */
export function JobActions({ job }: { job: Job }) {
  const { t } = useText();
  const act = useJobAct(job);
  const may_change = useMayChange()(job);
  const [deleting, set_deleting] = useState(false);
  const [extending, set_extending] = useState(false);
  return (
    <Group gap="xs" wrap="nowrap">
      {may_change && job.actions.snapshot && (
        <Button
          variant="default"
          size="xs"
          loading={act.isPending && act.variables === "snapshot"}
          onClick={() => act.mutate("snapshot")}
        >
          {t("action.snapshot")}
        </Button>
      )}
      {may_change && job.actions.abort && (
        <Button
          variant="default"
          size="xs"
          loading={act.isPending && act.variables === "abort"}
          onClick={() => act.mutate("abort")}
        >
          {t("action.abort")}
        </Button>
      )}
      {may_change && job.actions.resume && (
        <Button size="xs" loading={act.isPending && act.variables === "resume"} onClick={() => act.mutate("resume")}>
          {t("action.resume")}
        </Button>
      )}
      {job.actions.extend && (
        <Button variant="default" size="xs" onClick={() => set_extending(true)}>
          {t("action.extend")}
        </Button>
      )}
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon variant="default" size="md" aria-label={t("action.more")}>
            ⋯
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {job.kind !== "evaluation" && job.kind !== "pretrained" && (
            <Menu.Item component={Link} to={`/${job.kind}s/new?clone=${job.id}`}>
              {t("action.clone")}
            </Menu.Item>
          )}
          {job.kind === "dataset" && (
            <Menu.Item component={Link} to={`/models/new?dataset=${job.id}`}>
              {t("action.train_model")}
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item color="red" disabled={!may_change || !job.actions.delete} onClick={() => set_deleting(true)}>
            {t("action.delete")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {extending && (
        <Suspense>
          <ExtendDialog job={job} close={() => set_extending(false)} />
        </Suspense>
      )}
      {deleting && <DeleteDialog job={job} close={() => set_deleting(false)} />}
    </Group>
  );
}

function DeleteDialog({ job, close }: { job: Job; close: () => void }) {
  const { t } = useText();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const offer_undo = useOfferUndo();
  const remove = useMutation({
    mutationFn: () => delete_job(job.id),
    onSuccess: () => {
      drop_job(queries, job.id);
      offer_undo([job.id], t("bulk.deleted", { n: 1 }));
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
        <Text size="sm">{t(`delete.${job.kind}`)}</Text>
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
