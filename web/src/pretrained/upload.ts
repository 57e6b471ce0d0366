import {
  answer,
  api_root,
  client,
  type Job,
  type Problem,
  ProblemError,
  problem_from,
  unreachable,
} from "../api/client";

/** Which part of the form a file is, by its name; null: none that a model has. */
export function part_of(name: string): "archive" | "onnx" | "weights" | "network" | "labels" | "mean" | null {
  if (/\.(tar|tar\.gz|tgz|tar\.bz2|tar\.xz|zip)$/i.test(name)) return "archive";
  if (/\.onnx$/i.test(name)) return "onnx";
  if (/\.(caffemodel|h5|hdf5)$/i.test(name)) return "weights";
  if (/\.prototxt$/i.test(name)) return "network";
  if (/\.binaryproto$/i.test(name)) return "mean";
  if (/\.txt$/i.test(name)) return "labels";
  return null;
}

/** Bytes at the end of an ONNX file, where exports of Digits say how images are prepared. */
const tail = 1 << 20;

/** Whether an ONNX file says itself how images are prepared for its network. */
export async function says_preparation(file: File): Promise<boolean> {
  return (await file.slice(-tail).text()).includes("digits.preprocessing");
}

/** The error of a job as that of a request. */
export function problem_of(job: Job): Problem | null {
  if (!job.error) return null;
  const { code, message, advice } = job.error;
  // That it is about the file is known.
  const where = job.error.where === "onnx" ? "" : job.error.where;
  const title = code === "unsupported" ? "Not supported" : "Invalid request";
  return { type: "about:blank", title, status: 422, code: code as Problem["code"], detail: message, where, advice };
}

/** Asks for a job until it has ended. */
export async function ended(id: string, signal: AbortSignal): Promise<Job> {
  for (;;) {
    const job = await answer(client.GET("/jobs/{id}", { params: { path: { id } }, signal }));
    if (["done", "error", "abort"].includes(job.state)) return job;
    await new Promise((resolve) => setTimeout(resolve, 300));
    signal.throwIfAborted();
  }
}

export interface Upload {
  sent: Promise<Job>;
  stop: () => void;
}

/** Posts a form to `/pretrained`; unlike fetch, XMLHttpRequest tells how much is sent. */
export function upload(form: FormData, on_progress: (fraction: number) => void): Upload {
  const request = new XMLHttpRequest();
  const sent = new Promise<Job>((resolve, reject) => {
    request.upload.onprogress = (event) => event.lengthComputable && on_progress(event.loaded / event.total);
    request.onload = () => {
      let body: unknown = null;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        // A proxy may answer with a page; its status says enough.
      }
      if (request.status === 201) resolve(body as Job);
      else reject(new ProblemError(problem_from(body, request)));
    };
    request.onerror = () => reject(new ProblemError(unreachable("")));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    request.open("POST", `${api_root}/pretrained`);
    request.send(form);
  });
  return { sent, stop: () => request.abort() };
}
