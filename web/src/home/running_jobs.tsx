import { Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { Link } from "react-router";
import type { Job } from "../api/client";
import { percent } from "../format/format";
import { job_path } from "../jobs/job_path";
import { JobProgress, StateWord, useProgressWords } from "../jobs/job_state";
import { useMayChange } from "../jobs/owner";
import { useJobAct } from "../jobs/use_job_act";
import { useWaitingWords } from "../jobs/waiting";
import { useText } from "../text/text";
import { Sparkline } from "./sparkline";

/** So many are shown beside those that run; what waits behind them is counted. */
const most_shown = 4;

export function RunningJobs({ jobs }: { jobs: Job[] }) {
  const { t } = useText();
  const ordered = [...jobs].sort((a, b) => Number(b.state === "run") - Number(a.state === "run"));
  const shown = ordered.filter((job, i) => job.state === "run" || i < most_shown);
  const rest = ordered.length - shown.length;
  return (
    <section>
      <Title order={2} mb="xs">
        {t("home.running", { n: jobs.length })}
      </Title>
      <Stack gap="xs">
        {shown.map((job) => (
          <RunningJob key={job.id} job={job} />
        ))}
        {rest > 0 && (
          <Text size="sm" c="dimmed">
            {t("home.more_waiting", { n: rest })}
          </Text>
        )}
      </Stack>
    </section>
  );
}

function RunningJob({ job }: { job: Job }) {
  const { t } = useText();
  const words = useProgressWords();
  const waiting = useWaitingWords();
  const act = useJobAct(job);
  const may_change = useMayChange()(job);
  const fraction = job.progress?.fraction ?? null;
  return (
    <Card withBorder padding={job.state === "run" ? "md" : "xs"} px="md" radius={10}>
      <Group justify="space-between" gap="sm" wrap="nowrap">
        <Group gap="md" style={{ minWidth: 0 }}>
          <StateWord state={job.state} />
          <Link to={job_path(job)} className="plain-link">
            <Text fw={600}>{job.name}</Text>
          </Link>
          {job.kind === "model" && <Sparkline job={job} />}
          <Text size="sm" c="dimmed">
            {words(job) || (job.state === "wait" ? waiting(job) : "")}
          </Text>
        </Group>
        <Group gap="sm" wrap="nowrap">
          {fraction !== null && (
            <Text size="sm" w={48} ta="right">
              {percent(fraction, 0)}
            </Text>
          )}
          <Button
            size="compact-sm"
            variant="default"
            disabled={!may_change || !job.actions.abort}
            onClick={() => act.mutate("abort")}
            aria-label={`${t("action.abort")}: ${job.name}`}
          >
            {t("action.abort")}
          </Button>
        </Group>
      </Group>
      {job.state === "run" && (
        <div style={{ marginTop: 8 }}>
          <JobProgress job={job} />
        </div>
      )}
    </Card>
  );
}
