import { Alert, Button, FileButton, Group, Progress, Stack, Text } from "@mantine/core";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { bytes } from "../format/format";
import { Icon } from "../frame/icon";
import { useText } from "../text/text";
import { useFileTypes } from "./file_types";
import {
  dropped_files,
  files_to_send,
  is_archive,
  send_upload,
  type UploadFile,
  type UploadProgress,
  unsupported_types,
} from "./upload_client";

interface Props {
  /** The folder on the server's machine once everything is there; empty before. */
  path: string;
  on_done: (path: string, name: string) => void;
}

/** Sends a folder or an archive of images from this computer. */
export function UploadFields({ path, on_done }: Props) {
  const { t, whole, said_error } = useText();
  const file_types = useFileTypes();
  const [progress, set_progress] = useState<UploadProgress | null>(null);
  const [problem, set_problem] = useState<string | null>(null);
  const [skipped, set_skipped] = useState<Record<string, number>>({});
  const [over, set_over] = useState(false);
  const abort = useRef<AbortController | null>(null);
  const folder = useRef<HTMLInputElement>(null);
  useEffect(() => {
    folder.current?.setAttribute("webkitdirectory", "");
    return () => abort.current?.abort();
  }, []);

  const send = async (name: string, all: UploadFile[]) => {
    const [first] = all;
    const archive = all.length === 1 && first !== undefined && is_archive(first.file.name);
    const files = archive ? all : files_to_send(all);
    set_problem(null);
    if (files.length === 0) {
      set_problem(t("upload.no_images"));
      return;
    }
    abort.current = new AbortController();
    set_progress({ sent_bytes: 0, total_bytes: 1, sent_files: 0, total_files: files.length });
    try {
      const done = await send_upload(
        archive ? "archive" : "folder",
        name || files[0]!.file.name,
        files,
        set_progress,
        abort.current.signal,
      );
      set_skipped(archive ? done.unsupported : unsupported_types(all));
      on_done(done.path, name || files[0]!.file.name);
    } catch (error) {
      if (!abort.current.signal.aborted) set_problem(said_error(error));
    } finally {
      set_progress(null);
    }
  };
  const chosen = (files: File[]) =>
    void send(
      files[0]?.webkitRelativePath.split("/")[0] ?? "",
      files.map((file) => ({ path: file.webkitRelativePath || file.name, file })),
    );

  return (
    <Stack gap="xs">
      <section
        className="drop"
        aria-label={t("upload.drop")}
        data-over={over}
        onDragOver={(event: DragEvent) => {
          event.preventDefault();
          set_over(true);
        }}
        onDragLeave={() => set_over(false)}
        onDrop={(event: DragEvent) => {
          event.preventDefault();
          set_over(false);
          if (!progress) void dropped_files(event.dataTransfer.items).then(({ name, files }) => send(name, files));
        }}
      >
        <Icon name="upload" />
        <Text size="sm">{t("upload.drop")}</Text>
        <Group gap="xs" justify="center">
          <input
            ref={folder}
            type="file"
            multiple
            hidden
            data-testid="upload-folder"
            onChange={(event) => {
              chosen([...(event.currentTarget.files ?? [])]);
              event.currentTarget.value = "";
            }}
          />
          <Button size="xs" variant="default" disabled={progress !== null} onClick={() => folder.current?.click()}>
            {t("upload.folder")}
          </Button>
          <FileButton
            accept=".zip,.tar,.gz,.tgz,.bz2,.xz"
            inputProps={{ "aria-label": t("upload.archive") }}
            onChange={(file) => file && chosen([file])}
          >
            {(props) => (
              <Button size="xs" variant="default" disabled={progress !== null} {...props}>
                {t("upload.archive")}
              </Button>
            )}
          </FileButton>
        </Group>
        <Text size="xs" c="dimmed">
          {t("upload.help")}
        </Text>
      </section>
      {progress && (
        <Group gap="sm" wrap="nowrap" data-testid="upload-progress">
          <Progress
            value={(100 * progress.sent_bytes) / Math.max(1, progress.total_bytes)}
            style={{ flex: 1 }}
            aria-label={t("upload.sending")}
          />
          <Text size="sm">
            {progress.sent_files === progress.total_files
              ? t("upload.finishing")
              : t("upload.sent", {
                  sent: whole(progress.sent_files),
                  total: whole(progress.total_files),
                  size: bytes(progress.sent_bytes),
                })}
          </Text>
          <Button size="compact-xs" variant="default" onClick={() => abort.current?.abort()}>
            {t("upload.abort")}
          </Button>
        </Group>
      )}
      {problem !== null && (
        <Alert data-tone="error" py="xs">
          {problem}
        </Alert>
      )}
      {path !== "" && !progress && (
        <Text size="sm" data-testid="uploaded" style={{ overflowWrap: "anywhere" }}>
          ✓ {t("upload.done", { path })}
        </Text>
      )}
      {path !== "" && !progress && Object.keys(skipped).length > 0 && (
        <Text size="sm" data-testid="skipped" style={{ overflowWrap: "anywhere" }}>
          ⚠{" "}
          {t("report.unsupported", {
            n: Object.values(skipped).reduce((sum, count) => sum + count, 0),
            types: file_types(skipped),
          })}
        </Text>
      )}
    </Stack>
  );
}
