import { Alert, Button, List, Skeleton, Stack, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { Link } from "react-router";
import { type Problem, ProblemError } from "../api/client";
import { shown_place } from "../forms/field_errors";
import { useText } from "../text/text";
import { EmptyState } from "./empty_state";
import { Icon } from "./icon";

/** Grey blocks, but only when the wait is long enough to be noticed. */
export function PageSkeleton() {
  const [late, set_late] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => set_late(true), 200);
    return () => clearTimeout(timer);
  }, []);
  if (!late) return null;
  return (
    <Stack aria-busy="true">
      <Skeleton height={28} width="40%" />
      <Skeleton height={14} />
      <Skeleton height={240} />
    </Stack>
  );
}

export function NotFound() {
  const { t } = useText();
  return (
    <div className="card">
      <EmptyState
        icon="search"
        order={1}
        title={t("not_found.title")}
        action={
          <Button component={Link} to="/" variant="default">
            {t("nav.home")}
          </Button>
        }
      >
        {t("not_found.text")}
      </EmptyState>
    </div>
  );
}

const first_line = (text: string) => text.split("\n", 1)[0]!;

/** The server's sentences follow a program's name in a terminal; alone they begin with a capital letter, unless with a name such as `base_lr`. */
export function alone(sentence: string): string {
  return /^[a-z]+[ ,]/.test(sentence) ? sentence[0]!.toUpperCase() + sentence.slice(1) : sentence;
}

/** The lines after the first of a message that lists what was found. */
export function Findings({ text }: { text: string }) {
  const { said } = useText();
  const lines = text.split("\n").slice(1);
  if (lines.length === 0) return null;
  return (
    <List size="sm" my={4} style={{ overflowWrap: "anywhere" }}>
      {lines.map((line) => (
        <List.Item key={line}>{said(line)}</List.Item>
      ))}
    </List>
  );
}

/** A problem in words: what was expected and came, where, what to do next. */
export function ProblemAlert({ problem: told, title }: { problem: Problem; title?: string }) {
  const { t, said_problem } = useText();
  const problem = said_problem(told);
  return (
    <Alert
      data-tone="error"
      icon={<Icon name="error" />}
      role="alert"
      title={title ?? (problem.status === 0 ? t("problem.unreachable") : problem.title)}
    >
      <Text size="sm">{alone(problem.code === "unsupported" ? first_line(problem.detail) : problem.detail)}</Text>
      {problem.code === "unsupported" && <Findings text={problem.detail} />}
      {shown_place(problem.where) && (
        <Text size="sm" ff="monospace" style={{ overflowWrap: "anywhere" }}>
          {problem.where}
        </Text>
      )}
      {problem.advice && (
        <Text size="sm" fw={600} mt={4}>
          {problem.advice}
        </Text>
      )}
    </Alert>
  );
}

export function QueryProblem({ error }: { error: unknown }) {
  if (error instanceof ProblemError) return <ProblemAlert problem={error.problem} />;
  throw error;
}

/** In place of a page: what is not there is told with a way on. */
export function PageProblem({ error }: { error: unknown }) {
  if (error instanceof ProblemError && error.problem.status === 404) return <NotFound />;
  return <QueryProblem error={error} />;
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title === "" ? "Digits" : `${title} – Digits`;
  }, [title]);
}

/** The time, renewed every second while `active`, for durations that grow. */
export function useNow(active: boolean): number {
  const [now, set_now] = useState(() => Date.now());
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => set_now(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}

export function useDebounced<T>(value: T, delay_ms: number): T {
  const [settled, set_settled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => set_settled(value), delay_ms);
    return () => clearTimeout(timer);
  }, [value, delay_ms]);
  return settled;
}
