import { ActionIcon, Button, Group, Menu, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { Link, useNavigate } from "react-router";
import { type Job, ProblemError } from "../api/client";
import { drop_job } from "../api/live";
import { useAllJobs } from "../api/queries";
import { Icon } from "../frame/icon";
import { ProblemAlert } from "../frame/page_states";
import { useText } from "../text/text";
import { with_texts } from "../text/with_texts";
import { delete_job, useOfferUndo } from "./deletion";
import { job_path } from "./job_path";
import { useMayChange } from "./owner";
import { useJobAct } from "./use_job_act";

const ExtendDialog = lazy(with_texts(() => import("../models/extend_dialog")));

/** What can be asked of the job right now: the likely thing as a button, the rest in a menu. */
export function JobActions({ job }: { job: Job }) {
  const { t } = useText();
  const act = useJobAct(job);
  const may_change = useMayChange()(job);
  const [deleting, set_deleting] = useState(false);
  const [extending, set_extending] = useState(false);
  const only_delete = job.kind !== "dataset" && job.kind !== "model";
  return (
    <Group gap="xs">
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
      {job.actions.clone_with_base_lr != null && (
        <Button component={Link} size="xs" to={`/models/new?clone=${job.id}&base_lr=${job.actions.clone_with_base_lr}`}>
          {t("action.clone_lower_rate")}
        </Button>
      )}
      {job.actions.extend && (
        <Button variant="default" size="xs" onClick={() => set_extending(true)}>
          {t("action.extend")}
        </Button>
      )}
      {only_delete ? (
        <Button
          variant="default"
          size="xs"
          disabled={!may_change || !job.actions.delete}
          onClick={() => set_deleting(true)}
        >
          {t("action.delete")}
        </Button>
      ) : (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon variant="default" size="md" aria-label={t("action.more")}>
              <Icon name="more" />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item component={Link} to={`/${job.kind}s/new?clone=${job.id}`}>
              {t("action.clone")}
            </Menu.Item>
            {job.kind === "dataset" && (
              <Menu.Item component={Link} to={`/models/new?dataset=${job.id}`}>
                {t("action.train_model")}
              </Menu.Item>
            )}
            <Menu.Divider />
            <Menu.Item c="red" disabled={!may_change || !job.actions.delete} onClick={() => set_deleting(true)}>
              {t("action.delete")}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
      {extending && (
        <Suspense>
          <ExtendDialog job={job} close={() => set_extending(false)} />
        </Suspense>
      )}
      {deleting && <DeleteDialog job={job} close={() => set_deleting(false)} />}
    </Group>
  );
}

/** Says what goes, what goes with it, what stands in the way, and that it can be undone. */
function DeleteDialog({ job, close }: { job: Job; close: () => void }) {
  const { t } = useText();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const offer_undo = useOfferUndo();
  const models = useAllJobs("model").jobs;
  const evaluations = useAllJobs("evaluation").jobs;
  const made_from = (one: Job) => one.parents.includes(job.id);
  const needed_by = job.kind === "dataset" ? models.filter(made_from) : [];
  const with_it = job.kind === "model" ? evaluations.filter(made_from) : [];
  const remove = useMutation({
    mutationFn: () => delete_job(job.id),
    onSuccess: () => {
      drop_job(queries, job.id);
      offer_undo([job.id], t("bulk.deleted", { n: 1 }));
      // They stand on the pages of a dataset and a model, which stay.
      if (job.kind === "export" || job.kind === "publication") close();
      else navigate(`/?kind=${job.kind}`);
    },
  });
  return (
    <Modal
      opened
      onClose={close}
      title={t("delete.title", { name: job.name })}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack gap="sm">
        <Text size="sm">{t(`delete.${job.kind}`)}</Text>
        {with_it.length > 0 && <Named text={t("delete.with_evaluations", { n: with_it.length })} jobs={with_it} />}
        {needed_by.length > 0 ? (
          <Named text={t("delete.needed", { n: needed_by.length })} jobs={needed_by} />
        ) : (
          <Text size="sm" c="dimmed">
            {t("delete.undo")}
          </Text>
        )}
        {remove.error instanceof ProblemError && (
          <ProblemAlert problem={remove.error.problem} title={t("problem.delete")} />
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("action.cancel")}
          </Button>
          <Button
            color="red"
            loading={remove.isPending}
            disabled={needed_by.length > 0}
            onClick={() => remove.mutate()}
          >
            {t("delete.confirm")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

const most_named = 6;

function Named({ text, jobs }: { text: string; jobs: Job[] }) {
  const { t } = useText();
  return (
    <div>
      <Text size="sm" fw={600}>
        {text}
      </Text>
      <ul className="named-jobs">
        {jobs.slice(0, most_named).map((one) => (
          <li key={one.id}>
            <Link to={job_path(one)}>{one.name}</Link>
          </li>
        ))}
        {jobs.length > most_named && <li>{t("list.and_more", { n: jobs.length - most_named })}</li>}
      </ul>
    </div>
  );
}
