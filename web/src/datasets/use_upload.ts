import { useEffect, useRef, useState } from "react";
import { useText } from "../text/text";
import {
  files_to_send,
  is_archive,
  send_upload,
  type UploadFile,
  type UploadProgress,
  unsupported_types,
} from "./upload_client";

/** What was dropped or chosen, and what to call it. */
export interface ChosenFiles {
  name: string;
  files: UploadFile[];
}

/** How fast an upload goes, on average since it began. */
export interface Pace {
  bytes_per_s: number;
  left_s: number;
}

export function pace_of(progress: UploadProgress, seconds: number): Pace | null {
  if (seconds < 1 || progress.sent_bytes <= 0) return null;
  const bytes_per_s = progress.sent_bytes / seconds;
  return { bytes_per_s, left_s: Math.max(0, progress.total_bytes - progress.sent_bytes) / bytes_per_s };
}

/** Sends a folder or an archive of images from this computer, one at a time; leaving the page aborts. */
export function useUpload(on_done: (path: string, name: string) => void) {
  const { t, said_error } = useText();
  const [progress, set_progress] = useState<UploadProgress | null>(null);
  const [pace, set_pace] = useState<Pace | null>(null);
  const [problem, set_problem] = useState<string | null>(null);
  const [skipped, set_skipped] = useState<Record<string, number>>({});
  const [warnings, set_warnings] = useState<string[]>([]);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);

  const send = async ({ name, files: all }: ChosenFiles) => {
    if (abort.current) return;
    const [first] = all;
    const archive = all.length === 1 && first !== undefined && is_archive(first.file.name);
    const files = archive ? all : files_to_send(all);
    set_problem(null);
    if (files.length === 0) {
      set_problem(t("upload.no_images"));
      return;
    }
    const called = name || files[0]!.file.name;
    const control = new AbortController();
    const began = performance.now();
    abort.current = control;
    set_pace(null);
    set_progress({ sent_bytes: 0, total_bytes: 1, sent_files: 0, total_files: files.length });
    try {
      const done = await send_upload(
        archive ? "archive" : "folder",
        called,
        files,
        (now) => {
          set_progress(now);
          set_pace(pace_of(now, (performance.now() - began) / 1000));
        },
        control.signal,
      );
      set_skipped(archive ? done.unsupported : unsupported_types(all));
      set_warnings(done.warnings);
      on_done(done.path, called);
    } catch (error) {
      if (!control.signal.aborted) set_problem(said_error(error));
    } finally {
      abort.current = null;
      set_progress(null);
    }
  };
  return { send, cancel: () => abort.current?.abort(), progress, pace, problem, skipped, warnings };
}
