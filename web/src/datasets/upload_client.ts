import { answer, api_root, client, ProblemError, problem_from, unreachable } from "../api/client";

/** An image to send, and where it lies below the folder that was chosen. */
export interface UploadFile {
  path: string;
  file: File;
}

export interface UploadProgress {
  sent_bytes: number;
  total_bytes: number;
  sent_files: number;
  total_files: number;
}

const piece_bytes = 8 << 20;
const at_once = 4;
const tries = 5;
/** The endings in src/image/formats.cpp. */
const images =
  /\.(jpe?g|jpe|jfif|mpo|a?png|bmp|dib|p[pgbn]m|pfm|tiff?|webp|gif|tga|pcx|sgi|rgba?|bw|ico|avif|hei[cf]|hif|jp2|j2[kc]|jp[cfx]|npy)$/i;

/** What may hold the labels of images: is_label_file_name() of src/data/sources/files/label_file_name.cpp. */
const labels = /(^|\/)(?!readme|license|notice|changelog)[^/]*\.(xml|json|txt|csv|ya?ml|names)$/i;

/** Only images and files that may hold their labels, and none that are hidden; nothing without an image. */
export function files_to_send(files: UploadFile[]): UploadFile[] {
  const shown = files.filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")));
  if (!shown.some(({ path }) => images.test(path))) return [];
  return shown.filter(({ path }) => images.test(path) || labels.test(path));
}

/** How many files have each ending that is not an image's, as the server counts them. */
export function unsupported_types(files: UploadFile[]): Record<string, number> {
  const types: Record<string, number> = {};
  for (const { path } of files) {
    const name = path.split("/").at(-1)!;
    const left_behind = /^(thumbs\.db|ehthumbs\.db|desktop\.ini)$/i.test(name);
    if (images.test(path) || labels.test(path) || left_behind || path.split("/").some((part) => part.startsWith(".")))
      continue;
    const ending = /\.[^.]+$/.exec(name)?.[0].toLowerCase() ?? "no ending";
    const type = ending === "no ending" || /^\.[a-z0-9_+~-]{1,11}$/.test(ending) ? ending : "other";
    types[type] = (types[type] ?? 0) + 1;
  }
  return types;
}

export function is_archive(name: string): boolean {
  return /\.(zip|tar|tar\.gz|tgz|tar\.bz2|tar\.xz)$/i.test(name);
}

/** Sends a folder's images or one archive in pieces; each piece is tried again where the connection broke. */
export async function send_upload(
  kind: "folder" | "archive",
  name: string,
  files: UploadFile[],
  on_progress: (progress: UploadProgress) => void,
  signal: AbortSignal,
): Promise<{ id: string; path: string; files: number; unsupported: Record<string, number>; warnings: string[] }> {
  const { id } = await answer(client.POST("/uploads", { body: { kind, name: name.slice(0, 200) }, signal }));
  const progress: UploadProgress = {
    sent_bytes: 0,
    total_bytes: files.reduce((sum, { file }) => sum + file.size, 0),
    sent_files: 0,
    total_files: files.length,
  };
  try {
    let next = 0;
    const send_next = async () => {
      while (next < files.length) {
        const { path, file } = files[next++]!;
        await send_file(id, kind === "archive" ? "archive" : path, file, signal, (bytes) => {
          progress.sent_bytes += bytes;
          on_progress({ ...progress });
        });
        progress.sent_files += 1;
        on_progress({ ...progress });
      }
    };
    await Promise.all(Array.from({ length: Math.min(at_once, files.length) }, send_next));
    const done = await answer(client.POST("/uploads/{id}/finish", { params: { path: { id } }, signal }));
    const { path, files: count, unsupported, warnings } = done;
    return { id, path: path ?? "", files: count, unsupported: unsupported ?? {}, warnings: warnings ?? [] };
  } catch (error) {
    void client.DELETE("/uploads/{id}", { params: { path: { id } } }).catch(() => undefined);
    throw error;
  }
}

async function send_file(id: string, path: string, file: File, signal: AbortSignal, on_sent: (bytes: number) => void) {
  const url = `${api_root}/uploads/${id}/files/${path.split("/").map(encodeURIComponent).join("/")}`;
  let offset = 0;
  let failed = 0;
  do {
    signal.throwIfAborted();
    const piece = file.slice(offset, offset + piece_bytes);
    try {
      const response = await fetch(`${url}?offset=${offset}`, {
        method: "PUT",
        headers: { "Content-Type": "application/octet-stream" },
        body: piece,
        signal,
      });
      if (!response.ok) throw new ProblemError(problem_from(await response.json().catch(() => null), response));
      offset += piece.size;
      on_sent(piece.size);
      failed = 0;
    } catch (error) {
      const refused = error instanceof ProblemError && error.problem.code !== "failed_precondition";
      if (signal.aborted || refused || ++failed >= tries)
        throw error instanceof ProblemError || signal.aborted ? error : new ProblemError(unreachable(String(error)));
      // What arrived before the connection broke is not sent again.
      const there = await answer(
        client.GET("/uploads/{id}/files/{path}", { params: { path: { id, path } }, signal }),
      ).catch(() => null);
      if (there) {
        on_sent(there.bytes - offset);
        offset = there.bytes;
      }
    }
  } while (offset < file.size);
}

/** All files below what was dropped. */
export async function dropped_files(items: DataTransferItemList): Promise<{ name: string; files: UploadFile[] }> {
  const entries = [...items].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const files: UploadFile[] = [];
  const walk = async (entry: FileSystemEntry, above: string): Promise<void> => {
    const path = above === "" ? entry.name : `${above}/${entry.name}`;
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      files.push({ path, file });
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      // A browser gives a hundred at a time.
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return;
      for (const one of some) await walk(one, path);
    }
  };
  for (const entry of entries) await walk(entry, "");
  return { name: entries[0]?.name ?? "", files };
}
