import type { IncomingMessage, ServerResponse } from "node:http";
import type { Job, Model } from "../src/api/client.ts";

export interface Point {
  series: string;
  iteration: number;
  epoch: number;
  value: number;
}

export interface Entry {
  job: Job;
  points: Point[];
  snapshots: Model["snapshots"];
  log: string[];
  timer?: ReturnType<typeof setInterval>;
  iteration: number;
}

/** Does what a job's next step does. */
export type Play = (state: MockState, entry: Entry) => void;

/** The jobs, and who listens to them. */
export class MockState {
  readonly entries = new Map<string, Entry>();
  readonly trash = new Map<string, Entry>();
  user = "";
  private streams = new Set<ServerResponse>();
  private history: { id: number; text: string; job: string }[] = [];
  private next_event = 1;
  private count = 0;
  private readonly step_ms: number;
  private readonly play: Record<Job["kind"], Play>;

  constructor(step_ms: number, play: Record<Job["kind"], Play>) {
    this.step_ms = step_ms;
    this.play = play;
  }

  add(kind: Job["kind"], name: string, group: string, spec: object, parents: string[] = []): Entry {
    this.count += 1;
    const made = new Date(Date.now() - 3_600_000 + this.count * 400_000);
    const id = `${made.toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-")}-${(0x3fa9 + this.count).toString(16)}`;
    const job: Job = {
      id,
      kind,
      name,
      group,
      notes: "",
      owner: this.user,
      state: "init",
      created_at: new Date().toISOString(),
      started_at: null,
      finished_at: null,
      progress: null,
      error: null,
      parents,
      best: null,
      last: {},
      actions: { abort: true, resume: false, delete: false, snapshot: false },
      spec: spec as Job["spec"],
      lower_is_better: ["loss"],
      result: null,
    };
    const entry: Entry = { job, points: [], snapshots: [], log: [`job ${id} made`], iteration: 0 };
    this.entries.set(id, entry);
    this.tell_job(entry);
    return entry;
  }

  start(entry: Entry): void {
    Object.assign(entry.job, {
      state: "run",
      started_at: now(),
      finished_at: null,
      error: null,
      actions: { abort: true, resume: false, delete: false, snapshot: entry.job.kind === "model" },
    });
    this.tell_job(entry);
    entry.timer = setInterval(() => this.play[entry.job.kind](this, entry), this.step_ms);
    entry.timer.unref();
  }

  stop(entry: Entry, state: Job["state"]): void {
    clearInterval(entry.timer);
    Object.assign(entry.job, {
      state,
      finished_at: now(),
      actions: {
        abort: false,
        resume: state !== "done",
        extend: entry.job.kind === "model",
        delete: true,
        snapshot: false,
      },
    });
    this.tell_job(entry);
  }

  tell_job(entry: Entry): void {
    const { spec: _, result: __, ...job } = entry.job;
    this.tell("job", job, job.id);
  }

  tell(event: string, data: unknown, job: string): void {
    const id = this.next_event++;
    const text = `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    this.history.push({ id, text, job });
    if (this.history.length > 2000) this.history.shift();
    for (const stream of this.streams) stream.write(text);
  }

  stream(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    const last = request.headers["last-event-id"];
    if (last === undefined) response.write(`event: hello\ndata: {"version":"0.1.0"}\n\n`);
    else for (const { id, text } of this.history) if (id > Number(last)) response.write(text);
    this.streams.add(response);
    request.on("close", () => this.streams.delete(response));
  }
}

export function now(): string {
  return new Date().toISOString();
}
