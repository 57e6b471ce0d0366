import { Button, Group, Stack, Text } from "@mantine/core";
import { Link, useParams } from "react-router";
import { type Dataset, type DatasetFacts, file_url } from "../api/client";
import { useDataset } from "../api/queries";
import { bytes, significant } from "../format/format";
import { useFormFields } from "../forms/form_fields";
import { EmptyState } from "../frame/empty_state";
import { PageProblem, PageSkeleton } from "../frame/page_states";
import { JobHeader } from "../jobs/job_header";
import { Facts, FileList, JobTabs, LogPanel, NotesPanel } from "../jobs/job_tabs";
import { useText } from "../text/text";
import { view_of } from "../views/registry";
import { ExplorePanel } from "./explore_panel";
import { ExportsPanel } from "./exports_panel";
import { useFileTypes } from "./file_types";
import { channels_text } from "./shown_channels";
import { useSourceTitle } from "./source_title";
import { split_names } from "./splits";

export function DatasetPage() {
  const { id = "" } = useParams();
  const { t } = useText();
  const query = useDataset(id);
  if (query.error && !query.data) return <PageProblem error={query.error} />;
  if (!query.data) return <PageSkeleton />;
  const { job } = query.data;
  return (
    <>
      <JobHeader
        job={job}
        more={
          job.state === "done" && (
            <Button size="xs" component={Link} to={`/models/new?dataset=${job.id}`}>
              {t("action.train_model")}
            </Button>
          )
        }
      />
      <div className="with-side">
        <JobTabs
          first={job.state === "error" ? "log" : "classes"}
          tabs={[
            {
              id: "classes",
              label: t(view_of(query.data.dataset).summary_tab),
              content: () => <Summary data={query.data} />,
            },
            { id: "explore", label: t("tab.explore"), content: () => <ExplorePanel data={query.data} /> },
            { id: "export", label: t("tab.export"), content: () => <ExportsPanel dataset={job} /> },
            { id: "files", label: t("tab.files"), content: () => <Files data={query.data} /> },
            { id: "log", label: t("tab.log"), content: () => <LogPanel job={job} /> },
            { id: "notes", label: t("tab.notes"), content: () => <NotesPanel key={job.id} job={job} /> },
          ]}
        />
        <Side data={query.data} />
      </div>
    </>
  );
}

function Summary({ data }: { data: Dataset }) {
  const { t } = useText();
  const { job, dataset } = data;
  // The state of a job is told before the page has its results.
  if (!dataset && job.state === "done") return <PageSkeleton />;
  if (!dataset)
    return (
      <div className="card">
        <EmptyState
          icon="dataset"
          title={t(job.state === "error" || job.state === "abort" ? "dataset.failed" : "dataset.not_yet")}
        />
      </div>
    );
  const view = view_of(dataset);
  return <view.Summary data={data} dataset={dataset} />;
}

function Side({ data: { job, dataset } }: { data: Dataset }) {
  const { t, listed, whole, rate } = useText();
  const findings = useFindings();
  const title = useSourceTitle(useFormFields("dataset") ?? []);
  const spec = (job.spec ?? {}) as { source?: Record<string, unknown> };
  // Of each source, the first folder or file that it names.
  const source = Object.values(spec.source ?? {}).find((value) => typeof value === "string" && value.includes("/")) as
    | string
    | undefined;
  const from: [string, string][] = [
    [t("dataset.format"), title(String(spec.source?.type ?? "folder"))],
    ...(source ? [[t("section.source"), source] as [string, string]] : []),
  ];
  if (!dataset) {
    return (
      <div className="side">
        <Facts items={from} />
      </div>
    );
  }
  const { image, storage } = dataset;
  const counts = split_names
    .filter((split) => dataset.splits[split])
    .map((split): [string, string] => [t(`split.${split}`), whole(dataset.splits[split]!.count)]);
  return (
    <Stack className="side">
      <Facts
        title={t("dataset.facts")}
        items={[
          ...from,
          ...(dataset.labels.length > 0
            ? [[t("dataset.classes"), whole(dataset.labels.length)] as [string, string]]
            : []),
          ...counts,
          [
            t("dataset.size"),
            listed([`${image.width} × ${image.height}`, channels_text(t, image.bands || (image.channels ?? 3))]),
          ],
          [t("dataset.resize"), t(`resize.${image.resize ?? "squash"}`)],
          [
            t("section.storage"),
            listed([(storage.backend ?? "lmdb").toUpperCase(), t(`encoding.${storage.encoding ?? "png"}`)]),
          ],
          [t("dataset.on_disk"), bytes(dataset.bytes)],
          [t("dataset.throughput"), t("unit.images_per_s", { rate: rate(dataset.images_per_s) })],
          [
            t("dataset.unreadable"),
            dataset.unreadable?.count && dataset.unreadable.file ? (
              <a key="unreadable" href={file_url(job.id, dataset.unreadable.file)}>
                {whole(dataset.unreadable.count)}
              </a>
            ) : (
              whole(dataset.unreadable?.count ?? 0)
            ),
          ],
          ...findings(dataset),
        ]}
      />
      {dataset.mean_file && <MeanImage id={job.id} dataset={dataset} />}
    </Stack>
  );
}

/** What the image files turned out to be, where that is worth a line. */
function useFindings(): (dataset: DatasetFacts) => [string, string][] {
  const { t, whole, listed } = useText();
  const file_types = useFileTypes();
  return ({ image, unsupported, turned, depth, values }) => {
    const items: [string, string][] = [];
    if (unsupported?.count) items.push([t("dataset.unsupported"), file_types(unsupported.types)]);
    if (turned) items.push([t("dataset.turned"), whole(turned)]);
    if (depth)
      items.push([
        t("dataset.values"),
        t("dataset.values_of", {
          lowest: significant(depth.lowest, 4),
          highest: significant(depth.highest, 4),
          bits: depth.bits,
        }),
      ]);
    if (values?.length === 2)
      items.push([t("dataset.stored_values"), values.map((one) => significant(one, 4)).join(" – ")]);
    if (image.value_range?.length) items.push([t("dataset.value_range"), listed(image.value_range.map(String))]);
    return items;
  };
}

function MeanImage({ id, dataset }: { id: string; dataset: DatasetFacts }) {
  const { t } = useText();
  const small = Math.max(dataset.image.width ?? 256, dataset.image.height ?? 256) < 64;
  return (
    <section className="card" style={{ padding: "14px 16px" }}>
      <h2 className="card-title">{t("field.mean_image")}</h2>
      <Group align="flex-start" wrap="nowrap">
        <div className="image" data-small={small} style={{ width: 140, height: 140, flex: "none" }}>
          <img src={file_url(id, "mean.jpg")} alt={t("field.mean_image")} />
        </div>
        <Text size="sm" c="dimmed">
          {t("dataset.mean_pixel")}
          <br />
          {(dataset.mean_pixel ?? []).map((value) => significant(value)).join(" · ")}
        </Text>
      </Group>
    </section>
  );
}

function Files({ data: { job, dataset } }: { data: Dataset }) {
  const { t } = useText();
  const files: { path: string; text: string }[] = [];
  if (dataset) {
    files.push({ path: "labels.txt", text: t("file.labels") });
    for (const split of split_names) {
      const list = dataset.splits[split]?.list;
      if (list) files.push({ path: list, text: t("file.list", { split: t(`split.${split}`) }) });
    }
    if (dataset.mean_file) {
      files.push({ path: dataset.mean_file, text: t("file.mean") }, { path: "mean.jpg", text: t("file.mean_jpg") });
    }
    files.push({ path: "dataset.json", text: t("file.dataset_json") });
    if (dataset.unreadable?.count && dataset.unreadable.file)
      files.push({ path: dataset.unreadable.file, text: t("file.unreadable") });
  }
  return <FileList job={job.id} files={files} />;
}
