import { Group, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import type { Job } from "../api/client";
import { is_active } from "../api/live";
import { useText } from "../text/text";
import { JobActions } from "./job_actions";
import { JobProgress, StateWord, useProgressWords } from "./job_state";

interface Props {
  job: Job;
  test_id: string;
  title: ReactNode;
  /** What it made, with links. */
  children?: ReactNode;
}

/** A job that a page or a dialog started: how far it is, what it made, or why it failed. */
export function StartedJob({ job, test_id, title, children }: Props) {
  const { said, date, exact_date } = useText();
  const words = useProgressWords();
  const error = job.error as { message?: string; advice?: string } | null;
  return (
    <section className="card" style={{ padding: "14px 16px" }} data-testid={test_id} data-state={job.state}>
      <Group justify="space-between" align="flex-start">
        <Stack gap={4} align="flex-start" style={{ minWidth: 0 }}>
          {title}
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
          {children}
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
