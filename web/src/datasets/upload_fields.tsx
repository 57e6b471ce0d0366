import { Alert, Button, FileButton, Group, Progress, Stack, Text } from "@mantine/core";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { bytes } from "../format/format";
import { Icon } from "../frame/icon";
import { useText } from "../text/text";
import { useFileTypes } from "./file_types";
import { dropped_files } from "./upload_client";
import { type ChosenFiles, useUpload } from "./use_upload";

interface Props {
  /** The folder on the server's machine once everything is there; empty before. */
  path: string;
  on_done: (path: string, name: string) => void;
  /** What was dropped elsewhere: sent at once, each once. */
  handed?: ChosenFiles | null;
}

/** Sends a folder or an archive of images from this computer. */
export function UploadFields({ path, on_done, handed }: Props) {
  const { t, said } = useText();
  const file_types = useFileTypes();
  const upload = useUpload(on_done);
  const { progress, problem, skipped, warnings } = upload;
  const [over, set_over] = useState(false);
  const folder = useRef<HTMLInputElement>(null);
  useEffect(() => folder.current?.setAttribute("webkitdirectory", ""), []);
  const sent = useRef<ChosenFiles | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was handed over is sent once
  useEffect(() => {
    if (!handed || sent.current === handed) return;
    const timer = setTimeout(() => {
      sent.current = handed;
      void upload.send(handed);
    });
    return () => clearTimeout(timer);
  }, [handed]);
  const chosen = (files: File[]) =>
    void upload.send({
      name: files[0]?.webkitRelativePath.split("/")[0] ?? "",
      files: files.map((file) => ({ path: file.webkitRelativePath || file.name, file })),
    });

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
          if (!progress) void dropped_files(event.dataTransfer.items).then(upload.send);
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
      {progress && <Sending upload={upload} />}
      {problem !== null && (
        <Alert data-tone="error" py="xs" role="alert">
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
      {path !== "" &&
        !progress &&
        warnings.map((warning) => (
          <Text key={warning} size="sm" style={{ overflowWrap: "anywhere" }}>
            ⚠ {said(warning)}
          </Text>
        ))}
    </Stack>
  );
}

/** Progress with rate and time left, and a way out. */
function Sending({ upload }: { upload: ReturnType<typeof useUpload> }) {
  const { t, whole, duration, listed } = useText();
  const { pace } = upload;
  const progress = upload.progress!;
  const complete = progress.sent_files === progress.total_files;
  return (
    <div data-testid="upload-progress">
      <Group gap="sm" wrap="nowrap">
        <Progress
          value={(100 * progress.sent_bytes) / Math.max(1, progress.total_bytes)}
          style={{ flex: 1 }}
          aria-label={t("upload.sending")}
        />
        <Button size="compact-xs" variant="default" onClick={upload.cancel}>
          {t("upload.abort")}
        </Button>
      </Group>
      <Text size="sm" mt={4}>
        {complete
          ? t("upload.finishing")
          : listed([
              t("upload.sent", {
                sent: whole(progress.sent_files),
                total: whole(progress.total_files),
                size: bytes(progress.sent_bytes),
                whole: bytes(progress.total_bytes),
              }),
              pace ? t("upload.rate", { rate: bytes(pace.bytes_per_s) }) : "",
              pace ? t("progress.left", { time: duration(Math.ceil(pace.left_s)) }) : "",
            ])}
      </Text>
    </div>
  );
}
