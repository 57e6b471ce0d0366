import type { ModelSpec } from "../src/api/client.ts";
import { layers } from "./evaluations.ts";
import { labels } from "./images.ts";
import { check_name } from "./jobs.ts";
import { refuse } from "./refusal.ts";
import type { Routes } from "./route.ts";
import { type Entry, type MockState, now, type Point } from "./state.ts";
import { answer, judged, task_of } from "./tasks.ts";

export const routes: Routes = {
  "POST /models": ({ state, data }) => {
    check_name(data.name);
    const spec = data.spec as unknown as ModelSpec;
    if (!spec.dataset_id)
      refuse(422, "invalid_argument", "dataset_id is needed to train", "/spec/dataset_id", "Choose a dataset");
    const model = state.add("model", data.name, data.group ?? "", data.spec, [spec.dataset_id!]);
    state.start(model);
    return model.job;
  },
  "GET /models/:id": ({ state, entry }) => model_of(state, entry()),
  "POST /models/:id/extend": ({ state, entry, body }) => {
    const { job } = entry();
    const spec = job.spec as unknown as ModelSpec;
    spec.epochs = Number(spec.epochs ?? 30) + (body as { epochs: number }).epochs;
    state.start(entry());
    return job;
  },
  "GET /models/:id/metrics": ({ entry }) => metrics_of(entry().points),
  "GET /models/:id/metrics.csv": ({ entry }) =>
    `series,iteration,epoch,value\n${entry()
      .points.map((p) => `${p.series},${p.iteration},${p.epoch},${p.value}`)
      .join("\n")}\n`,
  "GET /models/:id/snapshots": ({ entry }) => ({ items: entry().snapshots }),
  "GET /models/:id/archive": () => Buffer.from("1f8b0800000000000003030000000000000000", "hex"),
  "POST /models/:id/classify": ({ state, entry, body }) => classify(state, entry(), body),
  "POST /models/:id/layers": ({ entry }) => layers(entry().job.id),
};

export function train_step(state: MockState, entry: Entry, quiet = false): void {
  const spec = entry.job.spec as unknown as ModelSpec;
  const epochs = Number(spec.epochs ?? 30);
  const total = 704 * epochs;
  entry.job.started_at ??= now();
  entry.iteration += 88;
  const epoch = entry.iteration / 704;
  const loss = 2.3 * Math.exp(-epoch * 1.6) + 0.02 + Math.random() * 0.06;
  const lr = 0.01 * 0.1 ** Math.floor(entry.iteration / (total / 3));
  measure(
    state,
    entry,
    "train",
    epoch,
    { loss, lr, images_per_s: 6800 + Math.random() * 200, data_wait: 0.008 },
    quiet,
  );
  if (entry.iteration % 704 === 0) {
    const accuracy = 0.991 - 0.6 * Math.exp(-epoch * 2.2) - Math.random() * 0.002;
    const val_loss = 0.03 + 1.8 * Math.exp(-epoch * 1.8);
    const task = task_of(state, entry.job);
    const measured: Record<string, number> =
      task === "classification"
        ? { accuracy }
        : Object.fromEntries(Object.entries(judged[task]).map(([name, value]) => [name, value * (accuracy / 0.991)]));
    measure(state, entry, "val", epoch, { loss: val_loss, ...measured }, quiet);
    const [judge] = Object.keys(measured) as [string];
    const best = entry.job.best as Record<string, number> | null;
    if (!best || measured[judge]! > best[judge]!)
      entry.job.best = { ...measured, loss: val_loss, iteration: entry.iteration, epoch };
    take_snapshot(state, entry, quiet);
  }
  entry.log.push(`Iteration ${entry.iteration}, loss = ${loss.toFixed(4)}`);
  const fraction = Math.min(1, entry.iteration / total);
  entry.job.progress = {
    step: "train",
    unit: "iterations",
    done: entry.iteration,
    total,
    rate: 106.2,
    eta_s: (total - entry.iteration) / 106.2,
    fraction,
  };
  if (!quiet) state.tell_job(entry);
  if (fraction >= 1) state.stop(entry, "done");
}

function measure(
  state: MockState,
  entry: Entry,
  phase: string,
  epoch: number,
  values: Record<string, number>,
  quiet: boolean,
): void {
  for (const [name, value] of Object.entries(values)) {
    entry.points.push({ series: `${phase}/${name}`, iteration: entry.iteration, epoch, value });
    entry.job.last[`${phase}/${name}`] = value;
  }
  if (!quiet)
    state.tell("metrics", { job: entry.job.id, iteration: entry.iteration, epoch, phase, values }, entry.job.id);
}

export function take_snapshot(state: MockState, entry: Entry, quiet: boolean): void {
  if (entry.snapshots.some((one) => one.iteration === entry.iteration)) return;
  const best = (entry.job.best as { iteration: number } | null)?.iteration;
  entry.snapshots.push({
    iteration: entry.iteration,
    epoch: entry.iteration / 704,
    weights: `snapshot_iter_${entry.iteration}.caffemodel`,
    state: `snapshot_iter_${entry.iteration}.solverstate`,
    bytes: 3_450_000,
    best: false,
  });
  for (const one of entry.snapshots) one.best = one.iteration === best;
  if (!quiet) state.tell("snapshot", { job: entry.job.id, snapshot: entry.snapshots.at(-1) }, entry.job.id);
}

function model_of(state: MockState, { job, snapshots }: Entry): unknown {
  const dataset = state.entries.get(job.parents[0] ?? "")?.job.result ?? null;
  return {
    job,
    dataset,
    network: { outputs: [{ name: "softmax", type: "Softmax" }], parameters: 431080, memory_bytes: 21_000_000 },
    snapshots,
    files: ["original.prototxt", "train_val.prototxt", "deploy.prototxt", "solver.prototxt", "labels.txt"],
  };
}

function classify(state: MockState, { job, snapshots }: Entry, body: unknown): unknown {
  const task = task_of(state, job);
  const asked = Buffer.isBuffer(body)
    ? [...body.toString("latin1").matchAll(/name="image"; filename="([^"]*)"/g)].map((match) => match[1]!)
    : (body as { paths: string[] }).paths;
  const images = asked.map((name) => {
    if (name.includes("broken"))
      return {
        name,
        predictions: [],
        error: { code: "data_loss", message: `${name} ends early`, where: name, advice: "Save the image again" },
      };
    if (task !== "classification") return answer(task, name);
    if (name.includes("tensor"))
      return { name, predictions: [], error: null, view: "tensor", angle: 12.5, output: [0.25, -1, 3] };
    const first = Number(/(\d)\D*$/.exec(name)?.[1] ?? 7);
    return {
      name,
      error: null,
      predictions: [0.9312, 0.0413, 0.0201, 0.0052, 0.0011].map((probability, i) => ({
        label: labels[(first + i) % 10],
        index: (first + i) % 10,
        probability,
      })),
    };
  });
  const best = (job.best as { iteration: number } | null)?.iteration;
  return { images, snapshot: best ?? snapshots.at(-1)?.iteration ?? 0, seconds: 0.0042 };
}

function metrics_of(points: Point[]): unknown {
  const series: Record<string, { iteration: number[]; epoch: number[]; value: number[]; points: number }> = {};
  for (const { series: name, iteration, epoch, value } of points) {
    series[name] ??= { iteration: [], epoch: [], value: [], points: 0 };
    const one = series[name];
    one.iteration.push(iteration);
    one.epoch.push(epoch);
    one.value.push(value);
    one.points += 1;
  }
  return { series, last_iteration: points.at(-1)?.iteration ?? -1 };
}
