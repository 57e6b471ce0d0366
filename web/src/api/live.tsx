import { type InfiniteData, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import {
  api_root,
  type Dataset,
  type Evaluation,
  type Job,
  type JobPage,
  type LogEvent,
  type MetricsEvent,
  type Model,
  type PushEvent,
  type SnapshotEvent,
} from "./client";
import { EventStream, type ServerEvent, type StreamState } from "./event_stream";

export type JobEvent =
  | { type: "metrics"; data: MetricsEvent }
  | { type: "snapshot"; data: SnapshotEvent }
  | { type: "log"; data: LogEvent }
  | { type: "push"; data: PushEvent }
  | { type: "reset" };

type Listener = (event: JobEvent) => void;

interface Live {
  state: StreamState;
  listen: (job: string, listener: Listener) => () => void;
}

const Context = createContext<Live | null>(null);

/** Keeps one event stream open and what the pages have cached true. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [state, set_state] = useState<StreamState>("connecting");
  const listeners = useRef(new Map<string, Set<Listener>>());

  useEffect(() => {
    const refresh = new Refresh(queries);
    const tell = (job: string, event: JobEvent) => {
      for (const listener of listeners.current.get(job) ?? []) listener(event);
    };
    let missed_the_start = false;
    const stream = new EventStream({
      url: `${api_root}/events`,
      on_state: (state) => {
        if (state === "lost") missed_the_start = true;
        set_state(state);
      },
      on_event: (event) => {
        // A fresh stream after a failed one: nothing is replayed, and what was asked in between may have failed.
        const afresh = event.event === "hello" && missed_the_start;
        missed_the_start = false;
        const known = afresh ? { ...event, event: "reset" } : event;
        apply_event(known, queries, refresh, tell, [...listeners.current.keys()]);
      },
    });
    stream.open();
    return () => {
      stream.close();
      refresh.stop();
    };
  }, [queries]);

  const [live] = useState(() => ({
    listen(job: string, listener: Listener) {
      const set = listeners.current.get(job) ?? new Set();
      listeners.current.set(job, set.add(listener));
      return () => {
        set.delete(listener);
        if (set.size === 0) listeners.current.delete(job);
      };
    },
  }));
  return <Context.Provider value={{ state, listen: live.listen }}>{children}</Context.Provider>;
}

export function useLive(): Live {
  const live = useContext(Context);
  if (!live) throw new Error("useLive outside of LiveProvider");
  return live;
}

/** Calls `listener` with the events of one job. */
export function useJobEvents(job: string, listener: Listener): void {
  const { listen } = useLive();
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => listen(job, (event) => latest.current(event)), [listen, job]);
}

/** Reads things afresh, however often it is asked, at most twice a second. */
class Refresh {
  private keys = new Map<string, readonly unknown[]>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly queries: QueryClient) {}

  add(key: readonly unknown[]): void {
    this.keys.set(JSON.stringify(key), key);
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      for (const queryKey of this.keys.values()) void this.queries.invalidateQueries({ queryKey });
      this.keys.clear();
    }, 500);
  }

  stop(): void {
    clearTimeout(this.timer);
  }
}

function apply_event(
  event: ServerEvent,
  queries: QueryClient,
  refresh: Refresh,
  tell: (job: string, event: JobEvent) => void,
  listening: string[],
): void {
  const data: unknown = JSON.parse(event.data);
  switch (event.event) {
    case "job":
      apply_job(data as Job, queries, refresh);
      break;
    case "job_deleted":
      drop_job(queries, (data as { job: string }).job);
      break;
    case "metrics": {
      const metrics = data as MetricsEvent;
      tell(metrics.job, { type: "metrics", data: metrics });
      break;
    }
    case "snapshot": {
      const snapshot = data as SnapshotEvent;
      refresh.add(["model", snapshot.job]);
      tell(snapshot.job, { type: "snapshot", data: snapshot });
      break;
    }
    case "log": {
      const log = data as LogEvent;
      // The job has its warnings, which events of jobs leave out.
      if (log.level === "warning")
        for (const kind of ["dataset", "model", "evaluation", "pretrained"])
          if (queries.getQueryData([kind, log.job])) refresh.add([kind, log.job]);
      tell(log.job, { type: "log", data: log });
      break;
    }
    case "push": {
      const push = data as PushEvent;
      tell(push.job, { type: "push", data: push });
      break;
    }
    case "reset":
      void queries.invalidateQueries();
      for (const job of listening) tell(job, { type: "reset" });
      break;
  }
}

function apply_job(job: Job, queries: QueryClient, refresh: Refresh): void {
  const key = [job.kind, job.id];
  const known = queries.getQueryData<Dataset | Model | Evaluation>(key);
  if (known) {
    queries.setQueryData(key, { ...known, job: { ...known.job, ...job } });
    if (known.job.state !== job.state || best_of(known.job) !== best_of(job)) refresh.add(key);
  }
  const running = queries.getQueryData<JobPage>(["running"]);
  const before = running?.items.find((item) => item.id === job.id);
  if (before && before.state === job.state) {
    queries.setQueryData(["running"], replace_in(running!, job));
  } else if (before || is_active(job)) {
    refresh.add(["running"]);
    refresh.add(["system"]);
    if (job.kind === "dataset" && job.state === "done") refresh.add(["model"]);
  }
  if (job.kind === "export") put_export(queries, refresh, job, "exports");
  if (job.kind === "publication") put_export(queries, refresh, job, "publications");
  if (job.kind === "evaluation" && known?.job.state !== job.state) refresh.add(["evaluations", job.parents[0]]);
  put_job(queries, job);
}

/** The page of its dataset or model shows it. */
function put_export(queries: QueryClient, refresh: Refresh, job: Job, list: "exports" | "publications"): void {
  const key = [list, job.parents[0]];
  const known = queries.getQueryData<{ items: Job[] }>(key);
  if (!known) return;
  const before = known.items.find((item) => item.id === job.id);
  if (before?.state !== job.state) refresh.add(key);
  else
    queries.setQueryData(key, {
      ...known,
      items: known.items.map((item) => (item.id === job.id ? { ...item, ...job } : item)),
    });
}

/** Brings a job into the list of its kind, or the list's entry up to date. */
function put_job(queries: QueryClient, job: Job): void {
  const { spec: _, result: __, ...brief } = job;
  queries.setQueryData<InfiniteData<JobPage>>(["jobs", job.kind], (list) => {
    if (!list) return list;
    if (list.pages.some((page) => page.items.some((item) => item.id === job.id)))
      return { ...list, pages: list.pages.map((page) => replace_in(page, brief)) };
    const [first, ...rest] = list.pages;
    if (!first) return list;
    return { ...list, pages: [{ ...first, items: [brief, ...first.items], total: first.total + 1 }, ...rest] };
  });
}

export function drop_job(queries: QueryClient, id: string): void {
  const without = (page: JobPage): JobPage => {
    const items = page.items.filter((item) => item.id !== id);
    return items.length === page.items.length ? page : { ...page, items, total: page.total - 1 };
  };
  for (const kind of ["dataset", "model", "evaluation", "pretrained"])
    queries.setQueryData<InfiniteData<JobPage>>(
      ["jobs", kind],
      (list) => list && { ...list, pages: list.pages.map(without) },
    );
  queries.setQueryData<JobPage>(["running"], (page) => page && without(page));
  queries.setQueriesData<JobPage>({ queryKey: ["evaluations"] }, (page) => page && without(page));
  for (const list of ["exports", "publications"])
    queries.setQueriesData<{ items: Job[] }>(
      { queryKey: [list] },
      (found) => found && { ...found, items: found.items.filter((item) => item.id !== id) },
    );
}

function best_of(job: Job): unknown {
  return (job.best as { iteration?: number } | null)?.iteration;
}

function replace_in(page: JobPage, job: Job): JobPage {
  if (!page.items.some((item) => item.id === job.id)) return page;
  return { ...page, items: page.items.map((item) => (item.id === job.id ? { ...item, ...job } : item)) };
}

export function is_active(job: Pick<Job, "state">): boolean {
  return job.state === "init" || job.state === "wait" || job.state === "run";
}
