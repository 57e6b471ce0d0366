import { api_root, type Job, ProblemError, problem_from, unreachable } from "../api/client";

/** Which part of the form a file is, by its name; null: none that a model has. */
export function part_of(name: string): "archive" | "weights" | "network" | "labels" | "mean" | null {
  if (/\.(tar|tar\.gz|tgz|tar\.bz2|tar\.xz|zip)$/i.test(name)) return "archive";
  if (/\.(caffemodel|h5|hdf5)$/i.test(name)) return "weights";
  if (/\.prototxt$/i.test(name)) return "network";
  if (/\.binaryproto$/i.test(name)) return "mean";
  if (/\.txt$/i.test(name)) return "labels";
  return null;
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
