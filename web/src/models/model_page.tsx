import { Button, Group, Menu, Stack, Table, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { Link, useNavigate, useParams, useSearchParams } from "react-router";
import {
  answer,
  archive_url,
  client,
  type EvaluationSpec,
  file_url,
  type Model,
  type ModelSpec,
  report_url,
} from "../api/client";
import type { MetricSeries } from "../api/metric_series";
import { useDataset, useEvaluations, useModel } from "../api/queries";
import { CsvTable } from "../charts/csv_table";
import { bytes, metric, percent, significant } from "../format/format";
import { judged } from "../format/judged";
import { EmptyState } from "../frame/empty_state";
import { Icon } from "../frame/icon";
import { PageProblem, PageSkeleton, QueryProblem } from "../frame/page_states";
import { JobHeader } from "../jobs/job_header";
import { Facts, FileList, JobTabs, LogPanel, NotesPanel } from "../jobs/job_tabs";
import { show_problem } from "../jobs/problem_note";
import { useNetworkTitles } from "../network/network_title";
import { type TextKey, useText } from "../text/text";
import { CurvesPanel } from "./curves_panel";
import { HardwareCard } from "./hardware_card";
import { NetworkTexts } from "./network_texts";
import { TestPanel } from "./test_panel";
import { useMetrics } from "./use_metrics";

const ExportDialog = lazy(() => import("./export_dialog"));
const PublishDialog = lazy(() => import("./publish_dialog"));
const PushDialog = lazy(() => import("../pretrained/push_dialog"));
const MakePretrainedDialog = lazy(() => import("../pretrained/make_dialog"));

export function ModelPage() {
  const { id = "" } = useParams();
  return <OneModel key={id} id={id} />;
}

function OneModel({ id }: { id: string }) {
  const { t } = useText();
  const query = useModel(id);
  const state = query.data?.job.state;
  const { series, version, error } = useMetrics(id, state);
  const [first_state] = useState<{ state?: string }>({});
  if (query.error && !query.data) return <PageProblem error={query.error} />;
  if (!query.data) return <PageSkeleton />;
  const model = query.data;
  const { job } = model;
  // What opens first is decided once: a page that is watched does not jump when the training ends.
  first_state.state ??= job.state;
  const first =
    first_state.state === "error"
      ? "log"
      : first_state.state === "done" && model.snapshots.length > 0
        ? "test"
        : "curves";
  return (
    <>
      <JobHeader job={job} more={model.snapshots.length > 0 && <Keep model={model} />} />
      {error ? <QueryProblem error={error} /> : null}
      <div className="with-side">
        <JobTabs
          first={first}
          tabs={[
            {
              id: "curves",
              label: t("tab.curves"),
              content: () => <CurvesPanel job={job} series={series} version={version} />,
            },
            { id: "test", label: t("tab.test"), content: () => <TestPanel model={model} /> },
            {
              id: "network",
              label: t("tab.network"),
              content: () => (
                <NetworkTexts
                  job={job}
                  files={model.files}
                  first="train_val.prototxt"
                  spec={(job.spec ?? null) as ModelSpec | null}
                />
              ),
            },
            { id: "snapshots", label: t("tab.snapshots"), content: () => <Snapshots model={model} /> },
            { id: "files", label: t("tab.files"), content: () => <Files model={model} /> },
            { id: "log", label: t("tab.log"), content: () => <LogPanel job={job} /> },
            { id: "notes", label: t("tab.notes"), content: () => <NotesPanel key={job.id} job={job} /> },
          ]}
        />
        <Side model={model} series={series} />
      </div>
    </>
  );
}

/** What comes next, and in a menu what else can be done with a trained model. */
function Keep({ model }: { model: Model }) {
  const { t } = useText();
  const [open, set_open] = useState<"make" | "export" | "push" | null>(null);
  const [params, set_params] = useSearchParams();
  const publishing = params.get("show") === "publish";
  const show = (what: string | null) =>
    set_params(
      (before) => {
        const after = new URLSearchParams(before);
        if (what) after.set("show", what);
        else after.delete("show");
        return after;
      },
      { replace: true },
    );
  const id = model.job.id;
  const close = () => set_open(null);
  return (
    <>
      <NextStep model={model} on_export={() => set_open("export")} />
      <Menu position="bottom-end" withinPortal width={320}>
        <Menu.Target>
          <Button size="xs" variant="default" rightSection={<Icon name="chevron_down" />}>
            {t("model.use")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Use words="pretrained.make" help="model.use.make" onClick={() => set_open("make")} />
          <Use words="model_export.action" help="model.use.export" onClick={() => set_open("export")} />
          <Use words="publish.action" help="model.use.publish" onClick={() => show("publish")} />
          <Use words="push.action" help="model.use.push" onClick={() => set_open("push")} />
          <Menu.Item component="a" href={archive_url(id, "best")} download data-testid="archive">
            <Words words="action.archive" help="archive.help" />
          </Menu.Item>
          <Menu.Divider />
          <Menu.Label>{t("model_report.action")}</Menu.Label>
          <Menu.Item component="a" href={report_url(id, "html")} target="_blank" rel="noreferrer">
            {t("model_report.open")}
          </Menu.Item>
          <Menu.Item component="a" href={`${report_url(id, "pdf")}&download=true`} download>
            {t("model_report.pdf")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense>
        {open === "make" && <MakePretrainedDialog model={model} close={close} />}
        {open === "export" && <ExportDialog model={model} close={close} />}
        {open === "push" && <PushDialog job={model.job} close={close} />}
        {publishing && <PublishDialog model={model} close={() => show(null)} />}
      </Suspense>
    </>
  );
}

function Words({ words, help }: { words: TextKey; help: TextKey }) {
  const { t } = useText();
  return (
    <>
      {t(words)}
      <Text size="xs" c="dimmed">
        {t(help)}
      </Text>
    </>
  );
}

function Use({ words, help, onClick }: { words: TextKey; help: TextKey; onClick: () => void }) {
  return (
    <Menu.Item onClick={onClick}>
      <Words words={words} help={help} />
    </Menu.Item>
  );
}

/** A model that is ready is evaluated first, on images that it has not learned from, and then exported. */
function NextStep({ model, on_export }: { model: Model; on_export: () => void }) {
  const { t, said } = useText();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const evaluations = useEvaluations(model.job.id).data?.items;
  const split = (["test", "val"] as const).find((name) => (model.dataset?.splits[name]?.count ?? 0) > 0);
  const evaluate = useMutation({
    mutationFn: () => {
      const spec = { model_id: model.job.id, source: { type: "split", split } } as EvaluationSpec;
      return answer(client.POST("/evaluations", { body: { spec } }));
    },
    onSuccess: (job) => {
      void queries.invalidateQueries({ queryKey: ["evaluations", model.job.id] });
      void queries.invalidateQueries({ queryKey: ["running"] });
      navigate(`/evaluations/${job.id}`);
    },
    onError: (error) => show_problem(error, t("problem.act"), said),
  });
  if (model.job.state !== "done" || !evaluations) return null;
  return split && evaluations.length === 0 ? (
    <Button size="xs" loading={evaluate.isPending} onClick={() => evaluate.mutate()} data-testid="next-step">
      {t("model.evaluate")}
    </Button>
  ) : (
    <Button size="xs" onClick={on_export} data-testid="next-step">
      {t("model_export.action")}
    </Button>
  );
}

function Side({ model, series }: { model: Model; series: MetricSeries }) {
  const { t, tag, whole, rate, series: series_words, listed, known_text } = useText();
  const network_title = useNetworkTitles();
  const { job, network } = model;
  const spec = (job.spec ?? {}) as Partial<ModelSpec>;
  const dataset = useDataset(job.parents[0] ?? "", job.parents.length > 0).data;
  const evaluations = useEvaluations(job.id).data?.items.length ?? 0;
  const best = job.best as Record<string, number> | null;
  const speed = series.last("train/images_per_s");
  const wait = series.last("train/data_wait");
  const newest = Object.entries(job.last)
    .filter(([name]) => !/\/(lr|images_per_s|data_wait)$/.test(name))
    .map(([name, value]): [string, string] => [series_words(name), metric(name, value)]);
  const items: [string, React.ReactNode][] = [
    [
      t("kind.dataset"),
      job.parents[0] ? (
        <Link to={`/datasets/${job.parents[0]}`} key="dataset">
          {dataset?.job.name ?? job.parents[0]}
        </Link>
      ) : (
        "–"
      ),
    ],
    [t("section.network"), spec.network?.standard ? network_title(spec.network.standard) : t("network.custom")],
  ];
  const judge = judged(best);
  if (best && judge) {
    const value = metric(judge.name, judge.value);
    const named = judge.name === "accuracy" || judge.name === "loss" ? value : `${series_words(judge.name)} ${value}`;
    items.push([t("model.best"), t("model.best_at", { value: named, epoch: significant(best.epoch, 3) })]);
  }
  items.push(...newest);
  if (network?.parameters !== undefined) items.push([t("model.parameters"), whole(network.parameters)]);
  if (network?.memory_bytes !== undefined) items.push([t("model.memory"), bytes(network.memory_bytes)]);
  const stored = model.snapshots.reduce((sum, snapshot) => sum + snapshot.bytes, 0);
  if (stored > 0) items.push([t("snapshots.on_disk"), bytes(stored)]);
  // While it runs they stand with the hardware.
  if (job.state !== "run" && speed !== null)
    items.push([t("strip.images_per_s"), t("unit.images_per_s", { rate: rate(speed) })]);
  if (job.state !== "run" && wait !== null) items.push([t("strip.data_wait"), percent(wait, 1)]);
  items.push([
    t("section.solver"),
    listed([
      spec.solver?.type ?? "SGD",
      significant(spec.solver?.base_lr ?? 0.01),
      known_text(`policy.${spec.solver?.lr_policy ?? "step"}`) ?? spec.solver?.lr_policy ?? "",
    ]),
  ]);
  items.push([t("field.epochs"), (spec.epochs ?? 30).toLocaleString(tag)]);
  if (evaluations > 0)
    items.push([
      t("model.related"),
      <Link to="?tab=test" key="evaluations">
        {t("model.evaluations", { n: evaluations })}
      </Link>,
    ]);
  return (
    <Stack className="side">
      <Facts title={t("model.facts")} items={items} />
      <HardwareCard job={job} speed={speed} wait={wait} />
    </Stack>
  );
}

function Snapshots({ model }: { model: Model }) {
  const { t, whole } = useText();
  const { job, snapshots } = model;
  if (snapshots.length === 0)
    return (
      <div className="card">
        <EmptyState icon="snapshot" title={t("snapshots.none")} />
      </div>
    );
  return (
    <CsvTable
      file={`${job.name} snapshots`}
      rows={() => [
        ["iteration", "epoch", "weights", "bytes", "best"],
        ...snapshots.map((one) => [one.iteration, one.epoch ?? "", one.weights, one.bytes, String(one.best)]),
      ]}
      min_width={520}
    >
      <Table.Thead>
        <Table.Tr>
          <Table.Th ta="right">{t("axis.epoch")}</Table.Th>
          <Table.Th ta="right">{t("axis.iteration")}</Table.Th>
          <Table.Th>{t("files.file")}</Table.Th>
          <Table.Th ta="right">{t("files.size")}</Table.Th>
          <Table.Th />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {[...snapshots].reverse().map((snapshot) => (
          <Table.Tr key={snapshot.iteration}>
            <Table.Td ta="right">
              {snapshot.best && <span title={t("model.best")}>★ </span>}
              {significant(snapshot.epoch, 3)}
            </Table.Td>
            <Table.Td ta="right">{whole(snapshot.iteration)}</Table.Td>
            <Table.Td>
              <a href={file_url(job.id, snapshot.weights)} download={snapshot.weights}>
                {snapshot.weights}
              </a>
            </Table.Td>
            <Table.Td ta="right">{bytes(snapshot.bytes)}</Table.Td>
            <Table.Td ta="right">
              <Group gap="xs" justify="flex-end" wrap="nowrap">
                <Link to={`?tab=test&snapshot=${snapshot.iteration}`}>{t("tab.test")}</Link>
                <a href={archive_url(job.id, String(snapshot.iteration))} download>
                  {t("action.archive")}
                </a>
              </Group>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </CsvTable>
  );
}

const described: Record<string, TextKey> = {
  "original.prototxt": "file.original",
  "train_val.prototxt": "file.train_val",
  "deploy.prototxt": "file.deploy",
  "solver.prototxt": "file.solver",
  "model.json": "file.model_json",
  "digits_python_layers.py": "file.python",
  "labels.txt": "file.labels",
  "mean.binaryproto": "file.mean",
};

function Files({ model }: { model: Model }) {
  const { t } = useText();
  const files = model.files.map((path) => ({ path, text: described[path] ? t(described[path]) : "" }));
  for (const snapshot of model.snapshots) {
    files.push({ path: snapshot.weights, text: t("file.weights", { iteration: snapshot.iteration }) });
    if (snapshot.state) files.push({ path: snapshot.state, text: t("file.state", { iteration: snapshot.iteration }) });
  }
  return <FileList job={model.job.id} files={files} />;
}
