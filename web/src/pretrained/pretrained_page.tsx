import { Button, List, ScrollArea, Stack, Table, Text } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { Link, useParams } from "react-router";
import { type Pretrained, pretrained_archive_url } from "../api/client";
import { usePretrained } from "../api/queries";
import { bytes, significant } from "../format/format";
import { PageProblem, PageSkeleton } from "../frame/page_states";
import { JobHeader } from "../jobs/job_header";
import { job_path } from "../jobs/job_path";
import { StateWord } from "../jobs/job_state";
import { Facts, FileList, JobTabs, LogPanel, NotesPanel } from "../jobs/job_tabs";
import { NetworkTexts } from "../models/network_texts";
import { type TextKey, useText } from "../text/text";
import { origin_of, type PretrainedSpec } from "./origin";

const PushDialog = lazy(() => import("./push_dialog"));

export function PretrainedPage() {
  const { id = "" } = useParams();
  const [pushing, set_pushing] = useState(false);
  const { t } = useText();
  const query = usePretrained(id);
  if (query.error && !query.data) return <PageProblem error={query.error} />;
  if (!query.data) return <PageSkeleton />;
  const { job, files } = query.data;
  return (
    <>
      <JobHeader
        warnings={query.data.pretrained?.warnings}
        job={job}
        more={
          job.state === "done" && (
            <>
              <Button size="xs" variant="default" component="a" href={pretrained_archive_url(id)} download>
                {t("action.archive")}
              </Button>
              <Button size="xs" variant="default" onClick={() => set_pushing(true)}>
                {t("push.action")}
              </Button>
              <Button size="xs" component={Link} to={`/models/new?pretrained=${id}`}>
                {t("pretrained.use")}
              </Button>
            </>
          )
        }
      />
      {pushing && (
        <Suspense>
          <PushDialog job={job} close={() => set_pushing(false)} />
        </Suspense>
      )}
      <div className="with-side">
        <JobTabs
          first={job.state === "error" ? "log" : "network"}
          tabs={[
            {
              id: "network",
              label: t("tab.network"),
              content: () => <NetworkTexts job={job} files={files} first="original.prototxt" spec={null} />,
            },
            { id: "labels", label: t("tab.labels"), content: () => <Labels data={query.data} /> },
            { id: "models", label: t("kind.models"), content: () => <Models data={query.data} /> },
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

function Labels({ data: { pretrained } }: { data: Pretrained }) {
  const { t } = useText();
  if (!pretrained || pretrained.labels.length === 0) return <Text c="dimmed">{t("pretrained.no_labels")}</Text>;
  return (
    <ScrollArea.Autosize mah={560}>
      <List type="ordered" start={0} size="sm">
        {pretrained.labels.map((label, i) => (
          <List.Item key={`${i} ${label}`}>{label}</List.Item>
        ))}
      </List>
    </ScrollArea.Autosize>
  );
}

function Models({ data: { models } }: { data: Pretrained }) {
  const { t, date } = useText();
  if (models.length === 0) return <Text c="dimmed">{t("pretrained.no_models")}</Text>;
  return (
    <Table.ScrollContainer minWidth={420}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("field.name")}</Table.Th>
            <Table.Th>{t("column.state")}</Table.Th>
            <Table.Th>{t("column.created")}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {models.map((model) => (
            <Table.Tr key={model.id}>
              <Table.Td>
                <Link to={job_path(model)}>{model.name}</Link>
              </Table.Td>
              <Table.Td>
                <StateWord state={model.state} />
              </Table.Td>
              <Table.Td>{date(model.created_at)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Side({ data: { job, pretrained } }: { data: Pretrained }) {
  const { t, whole, listed } = useText();
  const spec = (job.spec ?? {}) as PretrainedSpec;
  const source = spec.source ?? {};
  const from =
    source.type === "model" ? (
      <Link key="source" to={`/models/${source.model_id}`}>
        {listed([
          source.name ?? "",
          source.epoch != null ? t("pretrained.at_epoch", { epoch: significant(source.epoch, 3) }) : "",
        ])}
      </Link>
    ) : (
      source.name
    );
  const items: [string, React.ReactNode][] = [[t(`pretrained.from.${origin_of(spec)}`), from]];
  if (pretrained) {
    const { image } = pretrained;
    if (pretrained.made_by) items.push([t("pretrained.made_by"), pretrained.made_by]);
    if (pretrained.network) items.push([t("section.network"), pretrained.network]);
    items.push([t("model.parameters"), whole(pretrained.parameters)]);
    if (pretrained.classes > 0) items.push([t("dataset.classes"), whole(pretrained.classes)]);
    if (image.width > 0)
      items.push([
        t("dataset.size"),
        listed([`${image.width} × ${image.height}`, t(image.channels === 1 ? "channels.1" : "channels.3")]),
      ]);
    if (image.resize) items.push([t("dataset.resize"), t(`resize.${image.resize}` as TextKey)]);
    if (image.value_range?.length) items.push([t("dataset.value_range"), listed(image.value_range.map(String))]);
    items.push([t("field.mean"), t(`mean.${pretrained.mean}`)]);
    if (pretrained.bytes !== undefined) items.push([t("pretrained.weights"), bytes(pretrained.bytes)]);
  }
  return (
    <Stack className="side">
      <Facts title={t("kind.pretrained")} items={items} />
    </Stack>
  );
}

const described: Record<string, TextKey> = {
  "original.prototxt": "file.original",
  "deploy.prototxt": "file.deploy",
  "model.caffemodel": "pretrained.weights",
  "labels.txt": "file.labels",
  "mean.binaryproto": "file.mean",
  "digits_python_layers.py": "pretrained.python",
  "pretrained.json": "pretrained.facts",
};

function Files({ data: { job, files } }: { data: Pretrained }) {
  const { t } = useText();
  return (
    <FileList job={job.id} files={files.map((path) => ({ path, text: described[path] ? t(described[path]) : "" }))} />
  );
}
