import { Button, Checkbox, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { answer, client, ProblemError } from "../api/client";
import { bytes } from "../format/format";
import { Icon } from "../frame/icon";
import { ProblemAlert } from "../frame/page_states";
import { useText } from "../text/text";
import "./forms.css";

const last_place = "digits.folder";

/** Names of an answer are parts of its path; in the list of the roots they are whole. */
export function join_path(folder: string, name: string): string {
  if (folder === "" || name.startsWith("/")) return name;
  return folder.endsWith("/") ? `${folder}${name}` : `${folder}/${name}`;
}

/** "/data/mnist" → "/data"; what has no folder before it → "". */
export function folder_of(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash > 0 ? path.slice(0, slash) : path.startsWith("/") ? "/" : "";
}

interface Props {
  kind: "folder" | "file";
  /** What the field holds now. */
  value: string;
  /** Files that fit, by name. */
  accept?: RegExp;
  on_choose: (path: string) => void;
  close: () => void;
}

/** Looks around on the server's machine for a folder or a file. */
export default function BrowseDialog({ kind, value, accept, on_choose, close }: Props) {
  const { t, whole } = useText();
  const typed = value.trim().replace(/\/+$/, "");
  const [path, set_path] = useState(() => {
    if (typed.startsWith("/")) return kind === "file" ? folder_of(typed) : typed;
    return localStorage.getItem(last_place) ?? "";
  });
  const [filter, set_filter] = useState("");
  const [all, set_all] = useState(false);
  const folder = useQuery({
    queryKey: ["browse", path],
    retry: false,
    staleTime: 0,
    queryFn: ({ signal }) => answer(client.GET("/browse", { params: { query: { path: path || undefined } }, signal })),
  });
  const list = useRef<HTMLUListElement>(null);
  const go = (to: string) => {
    set_filter("");
    set_path(to);
  };
  const shown_path = folder.data?.path;
  useEffect(() => {
    if (shown_path !== undefined) list.current?.scrollTo({ top: 0 });
  }, [shown_path]);
  const choose = (chosen: string) => {
    localStorage.setItem(last_place, kind === "file" ? folder_of(chosen) : chosen);
    on_choose(chosen);
    close();
  };
  const word = filter.trim().toLowerCase();
  const entries = (folder.data?.entries ?? [])
    .filter((entry) => entry.name.toLowerCase().includes(word))
    .filter((entry) => kind === "folder" || entry.kind === "folder" || all || !accept || accept.test(entry.name));
  const parent = folder.data?.parent ?? null;
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t(kind === "folder" ? "browse.folder" : "browse.file")}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack gap="sm">
        <Group gap="xs" wrap="nowrap">
          <Button
            size="xs"
            variant="default"
            disabled={parent === null}
            onClick={() => parent !== null && go(parent)}
            aria-label={t("browse.up")}
          >
            <Icon name="up" />
          </Button>
          <Text size="sm" ff="monospace" style={{ flex: 1, overflowWrap: "anywhere" }} data-testid="browse-path">
            {shown_path ?? path}
          </Text>
          <Button size="compact-xs" variant="subtle" onClick={() => go("")}>
            {t("browse.start")}
          </Button>
        </Group>
        <TextInput
          data-autofocus
          size="xs"
          placeholder={t("list.filter")}
          aria-label={t("list.filter")}
          value={filter}
          onChange={(event) => set_filter(event.currentTarget.value)}
          onKeyDown={(event) => {
            const [first] = entries;
            if (event.key === "ArrowDown") list.current?.querySelector("button")?.focus();
            else if (event.key === "Enter" && first?.kind === "folder" && shown_path !== undefined)
              go(join_path(shown_path, first.name));
            else return;
            event.preventDefault();
          }}
        />
        {folder.error instanceof ProblemError && <ProblemAlert problem={folder.error.problem} />}
        <ul
          className="browse-list"
          ref={list}
          aria-label={t("browse.list")}
          aria-busy={folder.isFetching}
          onKeyDown={(event) => {
            const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
            if (step === 0) return;
            event.preventDefault();
            const buttons = [...(list.current?.querySelectorAll("button") ?? [])];
            const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
            buttons[at + step]?.focus();
          }}
        >
          {folder.data &&
            entries.map((entry) => {
              const whole_path = join_path(folder.data.path, entry.name);
              return (
                <li key={entry.name}>
                  <button
                    type="button"
                    disabled={kind === "folder" && entry.kind === "file"}
                    onClick={() => (entry.kind === "folder" ? go(whole_path) : choose(whole_path))}
                  >
                    <Icon name={entry.kind === "folder" ? "folder" : "file"} />
                    <span>{entry.kind === "folder" ? `${entry.name}/` : entry.name}</span>
                    <span className="dimmed">{entry.bytes === null ? "" : bytes(entry.bytes)}</span>
                  </button>
                </li>
              );
            })}
        </ul>
        {folder.data && entries.length === 0 && (
          <Text size="sm" c="dimmed">
            {t("browse.empty")}
          </Text>
        )}
        {folder.data?.truncated && (
          <Text size="sm" c="dimmed">
            {t("browse.truncated", { n: whole(folder.data.entries.length) })}
          </Text>
        )}
        <Group justify="space-between">
          {kind === "file" && accept ? (
            <Checkbox
              size="xs"
              label={t("browse.all_files")}
              checked={all}
              onChange={(event) => set_all(event.currentTarget.checked)}
            />
          ) : (
            <span />
          )}
          <Group gap="xs">
            <Button variant="default" onClick={close}>
              {t("action.cancel")}
            </Button>
            {kind === "folder" && (
              <Button disabled={!shown_path} onClick={() => shown_path && choose(shown_path)}>
                {t("browse.choose_folder")}
              </Button>
            )}
          </Group>
        </Group>
      </Stack>
    </Modal>
  );
}
