import {
  Button,
  Checkbox,
  Group,
  Popover,
  ScrollArea,
  Stack,
  Tabs,
  Text,
  TextInput,
  VisuallyHidden,
} from "@mantine/core";
import { lazy, Suspense, useDeferredValue, useMemo, useRef, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import type { Job } from "../api/client";
import { is_active } from "../api/live";
import { useAllJobs, useRunning, useSession } from "../api/queries";
import { save_text, to_csv } from "../charts/csv";
import { FolderDrop } from "../datasets/folder_drop";
import { EmptyState } from "../frame/empty_state";
import { Icon, type IconName } from "../frame/icon";
import { PageSkeleton, QueryProblem, useNow, useTitle } from "../frame/page_states";
import { useShortcuts } from "../frame/shortcuts";
import { job_path, type ListedKind } from "../jobs/job_path";
import { useText } from "../text/text";
import { with_texts } from "../text/with_texts";
import { hand_over } from "../train/handed_folder";
import { columns_of, dependents_of, filter_jobs, first_columns, rows_of, sort_jobs, value_of } from "./job_list";
import { JobTable, useColumnWord } from "./job_table";
import { useKept } from "./kept_choice";
import { RunningJobs } from "./running_jobs";
import "./home.css";

const Welcome = lazy(with_texts(() => import("./welcome")));
const BulkDialog = lazy(with_texts(() => import("./bulk_dialogs")));
const UploadDialog = lazy(with_texts(() => import("../pretrained/upload_dialog")));

/** More lines than that say nothing any more. */
const most_compared = 40;

export function HomePage() {
  const { t, whole } = useText();
  const [params, set_params] = useSearchParams();
  const asked = kind_of(params);
  const running = useRunning();
  const models = useAllJobs("model");
  const datasets = useAllJobs("dataset");
  const evaluations = useAllJobs("evaluation");
  const pretrained = useAllJobs("pretrained");
  useTitle("");
  const error = models.error ?? datasets.error ?? pretrained.error;
  const loaded = models.loaded && datasets.loaded && pretrained.loaded;
  if (error && !loaded) return <QueryProblem error={error} />;
  if (!loaded) return <PageSkeleton />;
  const lists = { model: models, dataset: datasets, evaluation: evaluations, pretrained };
  const newest = newest_of(Object.values(lists).flatMap(({ jobs }) => jobs.slice(0, 1)));
  const kind = asked ?? (newest?.kind as ListedKind | undefined) ?? "model";
  if (models.total + datasets.total + pretrained.total === 0 && kind !== "pretrained")
    return (
      <>
        <DropToTrain />
        <Welcome />
      </>
    );
  const active = (running.data?.items ?? []).filter(is_active);
  const tab = (one: ListedKind, label: string, total: number) => (
    <Tabs.Tab value={one} data-testid={`tab-${one}`}>
      {label} <span className="dimmed">{whole(total)}</span>
    </Tabs.Tab>
  );
  return (
    <Stack gap="lg">
      <VisuallyHidden component="h1">{t("nav.home")}</VisuallyHidden>
      <DropToTrain />
      {active.length > 0 ? <RunningJobs jobs={active} /> : newest && <NextStep job={newest} />}
      <Tabs
        keepMounted={false}
        value={kind}
        onChange={(value) => set_params({ kind: value ?? "model" }, { replace: true })}
      >
        <Group justify="space-between" align="flex-end" gap="sm" mb="sm">
          <Tabs.List aria-label={t("home.kind")}>
            {tab("dataset", t("kind.datasets"), datasets.total)}
            {tab("model", t("kind.models"), models.total)}
            {tab("evaluation", t("kind.evaluations"), evaluations.total)}
            {tab("pretrained", t("kind.pretrained_models"), pretrained.total)}
          </Tabs.List>
          {kind === "pretrained" ? <UploadPretrained /> : <NewButtons />}
        </Group>
        <Tabs.Panel value={kind}>
          <JobList key={kind} kind={kind} jobs={lists[kind].jobs} models={models.jobs} datasets={datasets.jobs} />
        </Tabs.Panel>
      </Tabs>
    </Stack>
  );
}

const kinds: readonly ListedKind[] = ["dataset", "model", "pretrained", "evaluation"];

/** `?kind=…`, or `?tab=1` to `3` as DIGITS has it. */
function kind_of(params: URLSearchParams): ListedKind | null {
  const wanted = params.get("kind") ?? kinds[Number(params.get("tab")) - 1];
  return kinds.find((kind) => kind === wanted) ?? null;
}

function newest_of(jobs: Job[]): Job | null {
  return jobs.reduce<Job | null>((best, job) => (best === null || job.created_at > best.created_at ? job : best), null);
}

/** What to do after the newest job: the one step that most people take then. */
function NextStep({ job }: { job: Job }) {
  const { t } = useText();
  const step =
    job.state === "error"
      ? { text: t("home.next.fix", { name: job.name }), to: job_path(job) }
      : job.state !== "done"
        ? null
        : job.kind === "dataset"
          ? { text: t("home.next.dataset", { name: job.name }), to: `/models/new?dataset=${job.id}` }
          : job.kind === "model"
            ? { text: t("home.next.model", { name: job.name }), to: `/models/${job.id}?tab=test` }
            : null;
  if (!step) return null;
  return (
    <Link to={step.to} className="card next-step" data-state={job.state} data-testid="next-step">
      <Icon name={job.state === "error" ? "warning" : "arrow_right"} />
      {step.text}
    </Link>
  );
}

function UploadPretrained() {
  const { t } = useText();
  const [open, set_open] = useState(false);
  return (
    <Group gap="xs">
      <Button leftSection={<Icon name="upload" />} onClick={() => set_open(true)}>
        {t("pretrained.upload_action")}
      </Button>
      <Button component={Link} to="/store" variant="default">
        {t("store.title")}
      </Button>
      {open && (
        <Suspense>
          <UploadDialog close={() => set_open(false)} />
        </Suspense>
      )}
    </Group>
  );
}

const icons: Record<ListedKind, IconName> = {
  dataset: "dataset",
  model: "model",
  evaluation: "evaluation",
  pretrained: "box",
};

interface JobListProps {
  kind: ListedKind;
  jobs: Job[];
  models: Job[];
  datasets: Job[];
}

function JobList({ kind, jobs, models, datasets }: JobListProps) {
  const { t } = useText();
  const [params, set_params] = useSearchParams();
  const q = params.get("q") ?? "";
  const wanted = useDeferredValue(q);
  const sort = params.get("sort") ?? "-created";
  const first = useMemo(() => first_columns(jobs, kind), [jobs, kind]);
  const [columns, set_columns] = useKept<string[]>(`digits.columns.${kind}`, first);
  const [grouped, set_grouped] = useKept(`digits.grouped.${kind}`, true);
  const [collapsed, set_collapsed] = useKept<string[]>(`digits.collapsed.${kind}`, []);
  const [selected, set_selected] = useState<ReadonlySet<string>>(new Set());
  const [dialog, set_dialog] = useState<"delete" | "abort" | "move" | null>(null);
  const filter = useRef<HTMLInputElement>(null);
  useShortcuts({ "/": () => filter.current?.focus() });
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
  const now = useNow(jobs.some((job) => job.state === "run"));
  const names = useMemo(() => new Map(datasets.map((job) => [job.id, job.name])), [datasets]);
  const available = useMemo(() => columns_of(jobs, kind), [jobs, kind]);
  const shown_columns = useMemo(() => available.filter((one) => columns.includes(one)), [available, columns]);
  // The clock only moves what is shown, not the order, unless the order is that of the durations.
  const sort_now = /^-?took$/.test(sort) ? now : 0;
  const user = useSession().data?.user ?? "";
  const mine = user !== "" && params.get("mine") === "1";
  const sorted = useMemo(() => {
    const whose = mine ? jobs.filter((job) => job.owner === user) : jobs;
    return sort_jobs(filter_jobs(whose, wanted, names), sort, { names, now: sort_now });
  }, [jobs, mine, user, wanted, names, sort, sort_now]);
  const rows = useMemo(() => rows_of(sorted, grouped, new Set(collapsed)), [sorted, grouped, collapsed]);
  const chosen = useMemo(() => sorted.filter((job) => selected.has(job.id)), [sorted, selected]);
  const save = () =>
    save_text(
      `${kind}s.csv`,
      "text/csv",
      to_csv([
        ["id", "name", "group", ...shown_columns],
        ...sorted.map((job) => [
          job.id,
          job.name,
          job.group,
          ...shown_columns.map((column) => value_of(job, column, { names, now }) ?? ""),
        ]),
      ]),
    );
  const close = () => set_dialog(null);
  return (
    <>
      <Group gap="xs" mb="xs">
        <TextInput
          ref={filter}
          w={240}
          size="xs"
          leftSection={<Icon name="filter" />}
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
        <Columns
          available={available}
          columns={columns}
          on_change={set_columns}
          grouped={grouped}
          on_grouped={set_grouped}
        />
        <Button size="compact-sm" variant="default" onClick={save}>
          CSV
        </Button>
        {user !== "" && (
          <Checkbox
            size="xs"
            label={t("user.mine")}
            checked={mine}
            onChange={(event) => set("mine", event.currentTarget.checked ? "1" : "")}
          />
        )}
        {wanted !== "" && (
          <Text size="sm" c="dimmed" role="status">
            {t("list.found", { n: sorted.length })}
          </Text>
        )}
      </Group>
      {rows.length === 0 ? (
        <div className="card">
          {q === "" && !mine ? (
            <EmptyState icon={icons[kind]} title={t(`list.none_yet.${kind}`)}>
              {t(`list.none_yet.${kind}.text`)}
            </EmptyState>
          ) : (
            <EmptyState icon="search" title={t("list.none_found")} />
          )}
        </div>
      ) : (
        <JobTable
          kind={kind}
          rows={rows}
          columns={shown_columns}
          sort={sort}
          on_sort={(next) => set("sort", next)}
          context={{ names, now }}
          selected={selected}
          on_select={set_selected}
          on_collapse={(group) =>
            set_collapsed(collapsed.includes(group) ? collapsed.filter((one) => one !== group) : [...collapsed, group])
          }
        />
      )}
      {chosen.length > 0 && (
        <Group className="bulk-bar" gap="xs" role="toolbar" aria-label={t("bulk.label")}>
          <Text size="sm" fw={600} mr="sm">
            {t("bulk.selected", { n: chosen.length })}
          </Text>
          {kind === "model" && chosen.length > 1 && (
            <Button
              size="compact-sm"
              component={Link}
              to={`/compare?models=${chosen
                .slice(0, most_compared)
                .map((job) => job.id)
                .join(",")}`}
            >
              {t("compare.action")}
            </Button>
          )}
          <Button size="compact-sm" variant="default" onClick={() => set_dialog("move")}>
            {t("bulk.move")}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            disabled={!chosen.some((job) => job.actions.abort)}
            onClick={() => set_dialog("abort")}
          >
            {t("bulk.abort")}
          </Button>
          <Button
            size="compact-sm"
            variant="default"
            c="var(--mantine-color-error)"
            onClick={() => set_dialog("delete")}
          >
            {t("action.delete")}
          </Button>
          <Button size="compact-sm" variant="subtle" color="gray" onClick={() => set_selected(new Set())}>
            {t("bulk.clear")}
          </Button>
        </Group>
      )}
      {dialog && (
        <Suspense>
          <BulkDialog
            what={dialog}
            jobs={chosen}
            dependents={dependents_of(selected, models)}
            groups={[...new Set([...models, ...datasets].map((job) => job.group))].filter(Boolean).sort()}
            close={close}
          />
        </Suspense>
      )}
    </>
  );
}

function Columns({
  available,
  columns,
  on_change,
  grouped,
  on_grouped,
}: {
  available: string[];
  columns: string[];
  on_change: (columns: string[]) => void;
  grouped: boolean;
  on_grouped: (grouped: boolean) => void;
}) {
  const { t } = useText();
  const word = useColumnWord();
  return (
    <Popover position="bottom-start" shadow="md" trapFocus>
      <Popover.Target>
        <Button size="xs" variant="default" leftSection={<Icon name="columns" />}>
          {t("list.columns")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <ScrollArea.Autosize mah={360}>
          <Stack gap="xs">
            <Checkbox
              size="xs"
              label={t("list.grouped")}
              checked={grouped}
              onChange={(event) => on_grouped(event.currentTarget.checked)}
            />
            <hr className="rule" />
            {available.map((column) => (
              <Checkbox
                key={column}
                size="xs"
                label={word(column)}
                checked={columns.includes(column)}
                onChange={(event) =>
                  on_change(
                    event.currentTarget.checked ? [...columns, column] : columns.filter((one) => one !== column),
                  )
                }
              />
            ))}
          </Stack>
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}

/** A folder that is dropped on the page goes to the page that trains with it. */
function DropToTrain() {
  const { t } = useText();
  const navigate = useNavigate();
  return (
    <FolderDrop
      label={t("train.drop")}
      on_drop={(files) => {
        hand_over(files);
        navigate("/train");
      }}
    />
  );
}

function NewButtons() {
  const { t } = useText();
  return (
    <Group gap="xs">
      <Button variant="default" component={Link} to="/train" leftSection={<Icon name="folder" />}>
        {t("train.action")}
      </Button>
      <Button variant="default" component={Link} to="/datasets/new" leftSection={<Icon name="plus" />}>
        {t("dataset.new")}
      </Button>
      <Button component={Link} to="/models/new" leftSection={<Icon name="plus" />}>
        {t("model.new")}
      </Button>
    </Group>
  );
}
