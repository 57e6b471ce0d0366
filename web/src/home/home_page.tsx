import {
  Button,
  Card,
  Group,
  Menu,
  Progress,
  SegmentedControl,
  Select,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
  Tooltip,
} from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import type { Job, JobKind } from "../api/client";
import { is_active } from "../api/live";
import { type Sort, useJobs, useRunning } from "../api/queries";
import { metric, percent, seconds_between, significant } from "../format/format";
import { PageSkeleton, QueryProblem, useDebounced, useNow, useTitle } from "../frame/page_states";
import { useShortcuts } from "../frame/shortcuts";
import { useJobAct } from "../jobs/job_actions";
import { StateWord, useProgressWords } from "../jobs/job_state";
import { useText } from "../text/text";

const sorts = ["-created", "created", "name", "-name", "state", "-finished"] as const satisfies Sort[];

export function HomePage() {
  const { t } = useText();
  const [params, set_params] = useSearchParams();
  const kind: JobKind = params.get("kind") === "dataset" ? "dataset" : "model";
  const q = params.get("q") ?? "";
  const sort = sorts.find((one) => one === params.get("sort")) ?? "-created";
  const running = useRunning();
  const models = useJobs("model", useDebounced(kind === "model" ? q : "", 200), kind === "model" ? sort : "-created");
  const datasets = useJobs(
    "dataset",
    useDebounced(kind === "dataset" ? q : "", 200),
    kind === "dataset" ? sort : "-created",
  );
  const filter = useRef<HTMLInputElement>(null);
  useShortcuts({ "/": () => filter.current?.focus() });
  useTitle("");
  const set = (name: string, value: string) =>
    set_params(
      (before) => {
        const after = new URLSearchParams(before);
        if (value === "") after.delete(name);
        else after.set(name, value);
        return after;
      },
      { replace: true },
    );
  const active = (running.data?.items ?? []).filter(is_active);
  const list = kind === "model" ? models : datasets;
  const total = (query: typeof models) => query.data?.pages[0]?.total ?? 0;
  if (list.error && !list.data) return <QueryProblem error={list.error} />;
  if (!models.data || !datasets.data) return <PageSkeleton />;
  const empty = q === "" && total(models) + total(datasets) === 0;
  if (empty) return <Welcome />;
  return (
    <Stack gap="xl">
      {active.length > 0 && <Running jobs={active} />}
      <section>
        <Group justify="space-between" mb="sm" gap="sm">
          <SegmentedControl
            aria-label={t("home.kind")}
            value={kind}
            onChange={(value) => set("kind", value)}
            data={[
              { value: "dataset", label: `${t("kind.datasets")} ${total(datasets).toLocaleString()}` },
              { value: "model", label: `${t("kind.models")} ${total(models).toLocaleString()}` },
            ]}
          />
          <Group gap="xs">
            <TextInput
              ref={filter}
              w={180}
              placeholder={t("list.filter")}
              aria-label={t("list.filter")}
              value={q}
              onChange={(event) => set("q", event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key !== "Escape") return;
                set("q", "");
                event.currentTarget.blur();
              }}
            />
            <Select
              w={170}
              aria-label={t("list.sort")}
              value={sort}
              allowDeselect={false}
              onChange={(value) => set("sort", value ?? "")}
              data={sorts.map((value) => ({ value, label: t(`sort.${value}`) }))}
            />
            <NewMenus />
          </Group>
        </Group>
        <JobTable
          jobs={list.data?.pages.flatMap((page) => page.items) ?? []}
          kind={kind}
          names={names_of(datasets.data.pages)}
        />
        {list.hasNextPage && (
          <Button variant="default" mt="md" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            {t("list.more")}
          </Button>
        )}
      </section>
    </Stack>
  );
}

function names_of(pages: { items: Job[] }[]): Map<string, string> {
  return new Map(pages.flatMap((page) => page.items.map((job) => [job.id, job.name] as const)));
}

function NewMenus() {
  const { t } = useText();
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default">{t("dataset.new")} ▾</Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} to="/datasets/new">
            {t("type.classification")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button>{t("model.new")} ▾</Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item component={Link} to="/models/new">
            {t("type.classification")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}

function Welcome() {
  const { t } = useText();
  return (
    <Stack align="flex-start" gap="md" mt="xl" maw={620}>
      <Title order={1}>{t("welcome.title")}</Title>
      <Text>{t("welcome.text")}</Text>
      <Group>
        <Button component={Link} to="/datasets/new">
          {t("dataset.new")}
        </Button>
        <Button component={Link} to="/models/new" variant="default">
          {t("model.new")}
        </Button>
      </Group>
    </Stack>
  );
}

function Running({ jobs }: { jobs: Job[] }) {
  const { t } = useText();
  return (
    <section>
      <Title order={2} mb="xs">
        {t("home.running", { n: jobs.length })}
      </Title>
      <Stack gap="xs">
        {jobs.map((job) => (
          <RunningJob key={job.id} job={job} />
        ))}
      </Stack>
    </section>
  );
}

function RunningJob({ job }: { job: Job }) {
  const { t } = useText();
  const words = useProgressWords();
  const act = useJobAct(job);
  const fraction = job.progress?.fraction ?? null;
  const headline = newest_metric(job);
  return (
    <Card withBorder padding="sm">
      <Group justify="space-between" gap="sm" wrap="nowrap">
        <Group gap="md" style={{ minWidth: 0 }}>
          <StateWord state={job.state} />
          <Link to={`/${job.kind}s/${job.id}`} className="plain-link">
            <Text fw={600}>{job.name}</Text>
          </Link>
          {headline && <Text size="sm">{headline}</Text>}
          <Text size="sm" c="dimmed">
            {words(job) || (job.state === "wait" ? t("job.waiting") : "")}
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
            disabled={!job.actions.abort}
            onClick={() => act.mutate("abort")}
            aria-label={`${t("action.abort")}: ${job.name}`}
          >
            {t("action.abort")}
          </Button>
        </Group>
      </Group>
      <Progress mt={8} size="sm" value={(fraction ?? 0) * 100} aria-label={t("job.progress")} />
    </Card>
  );
}

function newest_metric(job: Job): string {
  for (const name of ["val/accuracy", "val/loss", "train/loss"]) {
    const value = job.last[name];
    if (value !== undefined && value !== null) return `${name.replace("/", " ")} ${metric(name, value)}`;
  }
  return "";
}

function JobTable({ jobs, kind, names }: { jobs: Job[]; kind: JobKind; names: Map<string, string> }) {
  const { t, date, exact_date, duration } = useText();
  const navigate = useNavigate();
  const [current, set_current] = useState(-1);
  const now = useNow(jobs.some((job) => job.state === "run"));
  const body = useRef<HTMLTableSectionElement>(null);
  const move = (step: number) => set_current((before) => Math.min(jobs.length - 1, Math.max(0, before + step)));
  const address = (job: Job) => `/${job.kind}s/${job.id}`;
  const open_current = () => {
    const job = jobs[current];
    if (
      job &&
      !(document.activeElement instanceof HTMLAnchorElement || document.activeElement instanceof HTMLButtonElement)
    )
      navigate(address(job));
  };
  useShortcuts({ j: () => move(1), k: () => move(-1), Enter: open_current });
  useEffect(() => {
    if (current >= 0) body.current?.querySelector('[data-current="true"]')?.scrollIntoView({ block: "nearest" });
  }, [current]);
  if (jobs.length === 0) return <Text c="dimmed">{t("list.none_found")}</Text>;
  const best = (job: Job, name: string) => (job.best as Record<string, number> | null)?.[name];
  const cell = (label: string, value: string, align: "left" | "right" = "left") => (
    <Table.Td data-label={label} data-empty={value === "" || value === "–"} ta={{ base: "right", sm: align }}>
      {value}
    </Table.Td>
  );
  return (
    <Table className="job-table" highlightOnHover verticalSpacing={6}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t("field.name")}</Table.Th>
          <Table.Th>{t("field.group")}</Table.Th>
          <Table.Th>{t("field.state")}</Table.Th>
          {kind === "model" && (
            <>
              <Table.Th ta="right">{t("field.best_accuracy")}</Table.Th>
              <Table.Th ta="right">{t("field.loss")}</Table.Th>
              <Table.Th>{t("kind.dataset")}</Table.Th>
            </>
          )}
          <Table.Th>{t("field.created")}</Table.Th>
          <Table.Th ta="right">{t("field.took")}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody ref={body}>
        {jobs.map((job, i) => (
          <Table.Tr key={job.id} data-current={i === current} onClick={() => navigate(address(job))}>
            <Table.Td>
              <Link to={address(job)} className="plain-link" onClick={(event) => event.stopPropagation()}>
                <Text span size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
                  {job.name}
                </Text>
              </Link>
            </Table.Td>
            {cell(t("field.group"), job.group)}
            <Table.Td data-label={t("field.state")}>
              <StateWord state={job.state} />
            </Table.Td>
            {kind === "model" && (
              <>
                {cell(t("field.best_accuracy"), percent(best(job, "accuracy")), "right")}
                {cell(t("field.loss"), significant(best(job, "loss")), "right")}
                {cell(t("kind.dataset"), names.get(job.parents[0] ?? "") ?? "")}
              </>
            )}
            <Table.Td data-label={t("field.created")}>
              <Tooltip label={exact_date(job.created_at)}>
                <span>{date(job.created_at)}</span>
              </Tooltip>
            </Table.Td>
            {cell(t("field.took"), duration(round_if_running(job, now)), "right")}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function round_if_running(job: Job, now: number): number | null {
  const seconds = seconds_between(job.started_at, job.finished_at, now);
  return seconds !== null && is_active(job) ? Math.floor(seconds) : seconds;
}
