import { Button, Checkbox, Group, Stack, Table, Tabs, Text, Textarea, TextInput } from "@mantine/core";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useSearchParams } from "react-router";
import { api_root, file_url, type Job } from "../api/client";
import { is_active } from "../api/live";
import { useLog, useSystem } from "../api/queries";
import { EmptyState } from "../frame/empty_state";
import { Icon } from "../frame/icon";
import { QueryProblem } from "../frame/page_states";
import { useText } from "../text/text";
import { useJobEdit } from "./job_header";
import { useMayChange } from "./owner";
import "./log.css";

export interface JobTab {
  id: string;
  label: string;
  content: () => ReactNode;
}

/** The tabs of a job's page; which one is open stands in the address. */
export function JobTabs({ tabs, first }: { tabs: JobTab[]; first: string }) {
  const [params, set_params] = useSearchParams();
  const wanted = params.get("tab");
  const open = tabs.some((tab) => tab.id === wanted) ? wanted! : first;
  return (
    <Tabs
      value={open}
      onChange={(id) =>
        set_params(
          (before) => {
            const after = new URLSearchParams(before);
            if (id) after.set("tab", id);
            return after;
          },
          { replace: true },
        )
      }
    >
      <Tabs.List mb="md">
        {tabs.map((tab) => (
          <Tabs.Tab key={tab.id} value={tab.id}>
            {tab.label}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {tabs.map((tab) => (
        <Tabs.Panel key={tab.id} value={tab.id}>
          {tab.id === open && tab.content()}
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}

export function Facts({ title, items }: { title?: string; items: [label: string, value: ReactNode][] }) {
  return (
    <section className="card" style={{ padding: "14px 16px" }}>
      {title && <h2 className="card-title">{title}</h2>}
      <dl className="facts">
        {items.map(([label, value]) => (
          <div key={label} style={{ display: "contents" }}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export function FileList({ job, files }: { job: string; files: { path: string; text: string }[] }) {
  const { t } = useText();
  const data_dir = useSystem().data?.data_dir;
  if (files.length === 0)
    return (
      <div className="card">
        <EmptyState icon="file" title={t("files.none")} />
      </div>
    );
  return (
    <Stack gap="sm">
      {data_dir && (
        <Text size="sm" c="dimmed">
          {t("files.folder")}: <code>{`${data_dir}/jobs/${job}`}</code>
        </Text>
      )}
      <Table className="card">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t("files.file")}</Table.Th>
            <Table.Th>{t("files.what")}</Table.Th>
            <Table.Th />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {files.map(({ path, text }) => (
            <Table.Tr key={path}>
              <Table.Td style={{ overflowWrap: "anywhere" }}>
                <a href={file_url(job, path)} target="_blank" rel="noreferrer">
                  {path}
                </a>
              </Table.Td>
              <Table.Td>{text}</Table.Td>
              <Table.Td align="right" style={{ whiteSpace: "nowrap" }}>
                <a
                  href={file_url(job, path)}
                  download={path.split("/").at(-1)}
                  aria-label={`${t("action.download")} ${path}`}
                >
                  {t("action.download")}
                </a>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}

export function LogPanel({ job }: { job: Job }) {
  const { t } = useText();
  const log = useLog(job.id, is_active(job));
  const [search, set_search] = useState("");
  const [follow, set_follow] = useState(true);
  const box = useRef<HTMLPreElement>(null);
  const lines = (log.data ?? "")
    .split("\n")
    .filter((line) => line !== "" && line.toLowerCase().includes(search.toLowerCase()));
  const count = lines.length;
  useEffect(() => {
    if (follow && count > 0) box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [follow, count]);
  if (log.error) return <QueryProblem error={log.error} />;
  const jump = () => {
    set_follow(false);
    box.current?.querySelector(".error")?.scrollIntoView({ block: "center" });
  };
  return (
    <Stack gap="sm">
      <Group gap="md">
        <TextInput
          size="xs"
          leftSection={<Icon name="search" />}
          placeholder={t("log.search")}
          aria-label={t("log.search")}
          value={search}
          onChange={(event) => set_search(event.currentTarget.value)}
        />
        <Checkbox
          size="xs"
          label={t("log.follow")}
          checked={follow}
          onChange={(event) => set_follow(event.currentTarget.checked)}
        />
        {lines.some(is_error) && (
          <Button size="compact-xs" variant="default" onClick={jump}>
            {t("log.jump")}
          </Button>
        )}
        <a href={`${api_root}/jobs/${job.id}/log?bytes=4194304`} download={`${job.id}.log.txt`}>
          <Text span size="sm">
            {t("action.download")}
          </Text>
        </a>
      </Group>
      <pre className="log" role="log" ref={box} tabIndex={0} aria-label={t("tab.log")}>
        {lines.map((line, i) => (
          <div key={i} className={is_error(line) ? "error" : /\bwarn(ing)?\b/i.test(line) ? "warning" : undefined}>
            {line}
          </div>
        ))}
        {count === 0 && t("log.empty")}
      </pre>
    </Stack>
  );
}

function is_error(line: string): boolean {
  return /\b(error|fatal|failed)\b/i.test(line);
}

export function NotesPanel({ job }: { job: Job }) {
  const { t } = useText();
  const edit = useJobEdit(job);
  const may_change = useMayChange()(job);
  const { begin } = edit;
  useEffect(begin, [begin]);
  const [notes, set_notes] = useState(job.notes);
  const [group, set_group] = useState(job.group);
  return (
    <Stack
      component="form"
      onSubmit={(event) => {
        event.preventDefault();
        edit.mutate({ notes, group });
      }}
      maw={720}
    >
      <TextInput
        label={t("field.group")}
        description={t("field.group.help")}
        maxLength={200}
        value={group}
        onChange={(event) => set_group(event.currentTarget.value)}
      />
      <Textarea
        label={t("tab.notes")}
        description={t("notes.help")}
        autosize
        minRows={6}
        maxLength={100000}
        value={notes}
        onChange={(event) => set_notes(event.currentTarget.value)}
      />
      <Group>
        <Button
          type="submit"
          loading={edit.isPending}
          disabled={!may_change || (notes === job.notes && group === job.group)}
        >
          {t("action.save")}
        </Button>
        {!may_change && (
          <Text size="sm" c="dimmed">
            {t("user.not_yours", { owner: job.owner })}
          </Text>
        )}
      </Group>
    </Stack>
  );
}
