import {
  ActionIcon,
  Alert,
  Anchor,
  Box,
  Breadcrumbs,
  Button,
  Group,
  Stack,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useCallback, useRef, useState } from "react";
import { Link } from "react-router";
import { answer, client, type Job } from "../api/client";
import { is_active } from "../api/live";
import { seconds_between } from "../format/format";
import { shown_place } from "../forms/field_errors";
import { Icon } from "../frame/icon";
import { Findings, useNow, useTitle } from "../frame/page_states";
import { useText } from "../text/text";
import { JobActions } from "./job_actions";
import { job_path, kind_words } from "./job_path";
import { JobProgress, StateWord, useProgressWords } from "./job_state";
import { useMayChange } from "./owner";
import { show_problem } from "./problem_note";
import { useWaitingWords } from "./waiting";

interface HeaderProps {
  job: Job;
  more?: ReactNode;
  /** Of the result, for a job of an earlier version, which has none itself. */
  warnings?: string[];
}

/** The head of every job's page: where it belongs, its name, state, progress and what can be done. */
export function JobHeader({ job, more, warnings }: HeaderProps) {
  const { t, duration } = useText();
  const words = useProgressWords();
  const waiting = useWaitingWords();
  const active = is_active(job);
  const may_change = useMayChange()(job);
  const now = useNow(job.state === "run");
  const fraction = job.progress?.fraction;
  useTitle(active && fraction != null ? `${Math.floor(fraction * 100)} % ${job.name}` : job.name);
  const took = seconds_between(job.started_at, job.finished_at, now);
  return (
    <Stack gap="xs" mb="md">
      <Breadcrumbs separator={<Icon name="chevron_right" />} separatorMargin={4}>
        <Anchor component={Link} to={`/?kind=${job.kind}`} size="sm">
          {t(kind_words[job.kind])}
        </Anchor>
        {job.group !== "" && (
          <Anchor component={Link} to={`/?kind=${job.kind}&q=${encodeURIComponent(job.group)}`} size="sm">
            {job.group}
          </Anchor>
        )}
      </Breadcrumbs>
      <Group justify="space-between" align="flex-start" gap="sm">
        <JobName job={job} />
        <Group gap="xs">
          {more}
          <JobActions job={job} />
        </Group>
      </Group>
      <Group gap="md" aria-live="polite">
        <StateWord state={job.state} />
        {active && (
          <Text size="sm" c="dimmed" data-testid="progress">
            {words(job)}
          </Text>
        )}
        {job.state === "wait" && !job.progress && (
          <Text size="sm" c="dimmed">
            {waiting(job)}
          </Text>
        )}
        {job.owner !== "" && (
          <Text size="sm" c="dimmed" title={may_change ? undefined : t("user.not_yours", { owner: job.owner })}>
            {t("user.owner")}: {job.owner}
          </Text>
        )}
        {took !== null && (
          <Text size="sm" c="dimmed">
            {t(active ? "job.runs_for" : "job.took", { time: duration(active ? Math.floor(took) : took) })}
          </Text>
        )}
      </Group>
      {active && <JobProgress job={job} />}
      {job.error && <JobError job={job} />}
      <JobWarnings warnings={job.warnings?.length ? job.warnings : (warnings ?? [])} />
    </Stack>
  );
}

/** What to do comes first, then what happened; lines of the log that came with it are folded. */
export function JobError({ job }: { job: Job }) {
  const { t, said } = useText();
  const error = job.error!;
  const [message = "", ...lines] = error.message.split("\n");
  const rest = lines.join("\n").trim();
  return (
    <Alert data-tone="error" icon={<Icon name="error" />} role="alert" title={t("job.failed")}>
      {error.advice && (
        <Text size="sm" fw={600} mb={4}>
          {said(error.advice)}
        </Text>
      )}
      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
        {said(message)}
      </Text>
      {shown_place(error.where) && (
        <Text size="sm" ff="monospace" style={{ overflowWrap: "anywhere" }}>
          {error.where}
        </Text>
      )}
      {error.code === "unsupported" && <Findings text={error.message} />}
      {rest !== "" && error.code !== "unsupported" && (
        <details>
          <summary>{t("job.log_lines")}</summary>
          <pre className="error-lines">{rest}</pre>
        </details>
      )}
      <Anchor
        component={Link}
        to={`${job_path(job)}?tab=log`}
        className="line-link"
        size="sm"
        c="inherit"
        underline="always"
      >
        {t("job.show_log")}
      </Anchor>
    </Alert>
  );
}

/** The first few, and the rest when asked for. */
function JobWarnings({ warnings }: { warnings: string[] }) {
  const { t, said } = useText();
  const [all, set_all] = useState(false);
  if (warnings.length === 0) return null;
  const shown = all ? warnings : warnings.slice(0, 3);
  return (
    <Alert
      data-tone="warning"
      icon={<Icon name="warning" />}
      title={t("job.warnings", { n: warnings.length })}
      data-testid="warnings"
    >
      {shown.map((warning) => (
        <Text key={warning} size="sm" style={{ overflowWrap: "anywhere" }}>
          {said(warning)}
        </Text>
      ))}
      {shown.length < warnings.length && (
        <Anchor
          component="button"
          type="button"
          className="line-link"
          size="sm"
          c="inherit"
          underline="always"
          onClick={() => set_all(true)}
        >
          {t("job.more_warnings", { n: warnings.length })}
        </Anchor>
      )}
    </Alert>
  );
}

function JobName({ job }: { job: Job }) {
  const { t } = useText();
  const [name, set_name] = useState<string | null>(null);
  const edit = useJobEdit(job);
  const may_change = useMayChange()(job);
  if (name === null) {
    return (
      <Group gap={6} wrap="nowrap" align="center">
        <Title order={1} style={{ overflowWrap: "anywhere" }}>
          {job.name}
        </Title>
        {may_change && (
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label={t("action.rename")}
            onClick={() => {
              edit.begin();
              set_name(job.name);
            }}
          >
            <Icon name="edit" />
          </ActionIcon>
        )}
      </Group>
    );
  }
  const save = () => {
    const wanted = name.trim();
    if (wanted !== "" && wanted !== job.name) edit.mutate({ name: wanted });
    set_name(null);
  };
  return (
    <Box
      component="form"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <Group gap={6} wrap="nowrap">
        <TextInput
          data-autofocus
          autoFocus
          aria-label={t("field.name")}
          maxLength={200}
          value={name}
          onChange={(event) => set_name(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Escape" && set_name(null)}
        />
        <Button type="submit" size="xs">
          {t("action.save")}
        </Button>
      </Group>
    </Box>
  );
}

/**
 * Changes name, group or notes. `begin` remembers the state that the change starts from: when somebody else has changed the job by the
 * time it is saved, nothing is written and both are told.
 */
export function useJobEdit(job: Job) {
  const { t, said } = useText();
  const queries = useQueryClient();
  const tag = useRef<Promise<string | null> | null>(null);
  const begin = useCallback(() => {
    tag.current = client
      .GET("/jobs/{id}", { params: { path: { id: job.id } } })
      .then(({ response }) => response.headers.get("ETag"))
      .catch(() => null);
  }, [job.id]);
  const edit = useMutation({
    mutationFn: async (wanted: { name?: string; group?: string; notes?: string }) => {
      const known = await tag.current;
      const changed = client.PATCH("/jobs/{id}", {
        params: { path: { id: job.id } },
        headers: known ? { "If-Match": known } : {},
        body: wanted,
      });
      tag.current = changed.then(({ response }) => response.headers.get("ETag")).catch(() => null);
      return answer(changed);
    },
    onSuccess: (changed) => {
      queries.setQueryData([job.kind, job.id], (known: { job: Job } | undefined) =>
        known ? { ...known, job: { ...known.job, ...changed } } : known,
      );
    },
    onError: (error) => {
      // Who has seen what the other one wrote may write over it.
      begin();
      void queries.invalidateQueries({ queryKey: [job.kind, job.id] });
      show_problem(error, t("problem.edit"), said);
    },
  });
  return { ...edit, begin };
}
