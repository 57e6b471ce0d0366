import { take_snapshot } from "./models.ts";
import { refuse } from "./refusal.ts";
import type { Routes } from "./route.ts";
import type { MockState } from "./state.ts";

export const routes: Routes = {
  "GET /jobs": ({ state, query }) => list_jobs(state, query),
  "GET /jobs/:id": ({ entry }) => entry().job,
  "PATCH /jobs/:id": ({ state, entry, body }) => {
    Object.assign(entry().job, body);
    state.tell_job(entry());
    return entry().job;
  },
  "DELETE /jobs/:id": ({ state, entry, id }) => {
    state.trash.set(id, entry());
    state.entries.delete(id);
    state.tell("job_deleted", { job: id }, id);
    return null;
  },
  "POST /jobs/:id/restore": ({ state, id }) => {
    const back = state.trash.get(id) ?? refuse(404, "not_found", `there is no job ${id} in the trash`);
    state.trash.delete(id);
    state.entries.set(id, back);
    state.tell_job(back);
    return back.job;
  },
  "POST /jobs/:id/abort": ({ state, entry }) => {
    state.stop(entry(), "abort");
    return entry().job;
  },
  "POST /jobs/:id/resume": ({ state, entry }) => {
    state.start(entry());
    return entry().job;
  },
  "POST /jobs/:id/snapshot": ({ state, entry }) => {
    take_snapshot(state, entry(), false);
    return entry().job;
  },
  "GET /jobs/:id/hardware": () => ({
    pid: 4712,
    device: "cpu (2 cores)",
    cores_busy: 1.8 + Math.random() * 0.2,
    threads: 7,
    memory_bytes: 412_000_000,
    peak_memory_bytes: 430_000_000,
    machine: { cores: 2, memory_bytes: 16e9, available_bytes: 9e9 },
    gpu: null,
  }),
  "GET /jobs/:id/log": ({ entry }) => `${entry().log.join("\n")}\n`,
};

export function list_jobs(state: MockState, query: URLSearchParams): unknown {
  const states = query.get("state")?.split(",");
  const q = (query.get("q") ?? "").toLowerCase();
  const items = [...state.entries.values()]
    .map(({ job }) => job)
    .filter(
      (job) =>
        (!query.get("kind") || job.kind === query.get("kind")) &&
        (!query.get("model") || job.parents[0] === query.get("model")) &&
        (!states || states.includes(job.state)),
    )
    .filter((job) => `${job.name} ${job.group} ${job.notes} ${job.id}`.toLowerCase().includes(q))
    .reverse();
  if (query.get("sort") === "name") items.sort((a, b) => a.name.localeCompare(b.name));
  const limit = Number(query.get("limit") ?? 50);
  const from = Number(query.get("cursor") ?? 0);
  return {
    items: items.slice(from, from + limit).map(({ spec: _, result: __, ...job }) => job),
    next_cursor: from + limit < items.length ? String(from + limit) : null,
    total: items.length,
  };
}

export function check_name(name: string): void {
  if (!name) refuse(422, "invalid_argument", "name must have 1 to 200 characters, got none", "/name");
}
