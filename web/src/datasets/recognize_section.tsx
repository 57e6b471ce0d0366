import { Anchor, Button, Group, Loader, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useSearchParams } from "react-router";
import { answer, client, type FormField } from "../api/client";
import { type FormState, Section } from "../forms/fields";
import { FolderInput } from "../forms/path_field";
import { useDebounced } from "../frame/page_states";
import { useText } from "../text/text";
import { type DatasetForm, with_source } from "./dataset_form";
import { FolderDrop } from "./folder_drop";
import { UploadFields } from "./upload_fields";
import type { ChosenFiles } from "./use_upload";

/** A dataset that was found in a folder. */
export interface Recognized {
  format: string;
  title: string;
  /** Empty: no task can use it. */
  task: string;
  folder: string;
  /** "Pascal VOC, 364 images, 3 classes, ImageSets found" */
  text: string;
  /** Of a spec; null: the format is known but not read. */
  source: Record<string, unknown> | null;
  /** That keep all of the images: 1 or 3; null: not known. */
  channels?: number | null;
  notes?: string[];
  error?: string | null;
}

/** Its text up to the notes, which have lines of their own. */
export function without_notes({ text, notes = [] }: Pick<Recognized, "text" | "notes">): string {
  const end = notes.map((note) => `, ${note}`).join("");
  return text.endsWith(end) ? text.slice(0, text.length - end.length) : text;
}

function useRecognized(folder: string) {
  return useQuery({
    queryKey: ["recognize", folder],
    enabled: folder.startsWith("/"),
    retry: false,
    gcTime: 60_000,
    queryFn: ({ signal }) =>
      answer(client.POST("/datasets/recognize" as never, { body: { folder }, signal } as never)) as Promise<{
        found: Recognized[];
      }>,
  });
}

/** `?folder=PATH` names one, once. */
function useFolderOfAddress(take: (path: string) => void): void {
  const [params, set_params] = useSearchParams();
  const folder = params.get("folder");
  // biome-ignore lint/correctness/useExhaustiveDependencies: an address is taken once
  useEffect(() => {
    if (folder === null) return;
    take(folder);
    set_params({}, { replace: true });
  }, [folder]);
}

interface Props {
  form: FormState<DatasetForm>;
  fields: FormField[];
}

/** "What do you have?": a folder whose dataset fills the form. */
export function RecognizeSection({ form, fields }: Props) {
  const { t, said, said_error } = useText();
  const folder = form.values.have;
  const set_folder = (path: string) => form.change({ have: path });
  useFolderOfAddress((path) => form.change({ have: path, have_filled: "" }));
  const [uploads, set_uploads] = useState(false);
  const [dropped, set_dropped] = useState<ChosenFiles | null>(null);
  const [uploaded, set_uploaded] = useState("");
  const settled = useDebounced(folder.trim().replace(/(?<=.)\/+$/, ""), 500);
  const found = useRecognized(settled);
  const [used, set_used] = useState<Recognized | null>(null);
  const use = (one: Recognized) => {
    const filled = one.source && with_source(form.values, one.task, one.source, fields, one.channels);
    if (!filled) return;
    set_used(one);
    form.change({ ...filled, have_filled: settled });
  };
  const usable = (one: Recognized) =>
    one.source !== null && with_source(form.values, one.task, one.source, fields) !== null;
  // What is likeliest fills the form at once; a folder does so only once, so that what is typed then stays.
  // biome-ignore lint/correctness/useExhaustiveDependencies: only an answer fills the form
  useEffect(() => {
    if (!found.data || form.values.have_filled === settled) return;
    const first = found.data.found.find(usable);
    if (first) use(first);
    else form.change({ have_filled: settled });
  }, [found.data, settled]);
  return (
    <Section title={t("section.have")}>
      <FolderDrop
        label={t("recognize.drop")}
        on_drop={(files) => {
          set_uploads(true);
          set_dropped(files);
        }}
      />
      <FolderInput
        name="have"
        label={t("recognize.folder")}
        description={t("recognize.help")}
        placeholder="/data/BCCD"
        value={folder}
        on_type={set_folder}
      />
      <Group gap="xs">
        <Button size="compact-xs" variant="subtle" aria-expanded={uploads} onClick={() => set_uploads(!uploads)}>
          {t("recognize.upload")}
        </Button>
      </Group>
      {uploads && (
        <UploadFields
          path={uploaded}
          handed={dropped}
          on_done={(path, name) => {
            set_uploaded(path);
            form.change({ have: path, upload_names: { ...form.values.upload_names, [path]: name } });
          }}
        />
      )}
      {found.isFetching && (
        <Group gap="xs">
          <Loader size="xs" />
          <Text size="sm">{t("summary.looking")}</Text>
        </Group>
      )}
      {found.error && !found.isFetching && (
        <Text size="sm" c="red" role="alert">
          {said_error(found.error)}
        </Text>
      )}
      {found.data && (
        <Stack gap="xs" role="status" data-testid="recognized">
          {found.data.found.some(usable) && (
            <Text size="sm">
              <Anchor component={Link} to={`/train?folder=${encodeURIComponent(settled)}`} size="sm">
                {t("recognize.train")}
              </Anchor>
            </Text>
          )}
          {found.data.found.length === 0 && <Text size="sm">{t("recognize.nothing")}</Text>}
          {found.data.found.map((one) => (
            <Group
              key={`${one.format} ${one.folder} ${one.task}`}
              justify="space-between"
              gap="sm"
              wrap="nowrap"
              align="flex-start"
            >
              <div style={{ minWidth: 0 }}>
                <Text size="sm" fw={600}>
                  {said(without_notes(one))}
                </Text>
                {one.folder !== settled && (
                  <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
                    {one.folder}
                  </Text>
                )}
                {(one.notes ?? []).map((note) => (
                  <Text key={note} size="xs" c="dimmed">
                    {said(note)}
                  </Text>
                ))}
                {one.error && (
                  <Text size="xs" c="red">
                    {said(one.error)}
                  </Text>
                )}
                {!usable(one) && (
                  <Text size="xs" c="dimmed">
                    {t("recognize.not_read")}
                  </Text>
                )}
              </div>
              {usable(one) && (
                <Button
                  size="compact-xs"
                  variant="default"
                  aria-pressed={one === used}
                  flex="none"
                  onClick={() => use(one)}
                  aria-label={`${t(one === used ? "recognize.used" : "recognize.use")}: ${one.title}`}
                >
                  {t(one === used ? "recognize.used" : "recognize.use")}
                </Button>
              )}
            </Group>
          ))}
        </Stack>
      )}
    </Section>
  );
}
