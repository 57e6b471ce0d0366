import type { EvaluationSpec, Job } from "../src/api/client.ts";
import { labels } from "./images.ts";
import { list_jobs } from "./jobs.ts";
import type { Routes } from "./route.ts";
import type { Entry, MockState } from "./state.ts";
import { judged, task_facts, task_of, task_predictions } from "./tasks.ts";

/** Made-up evaluations and layers: numbers that agree with each other, of 10 classes and 1,000 images. */

const count = 1000;

/** Every 40th image is taken for the next class. */
function said(index: number): number {
  return index % 40 === 7 ? (index + 1) % 10 : index % 10;
}

function sure(index: number): number {
  return 0.999 - ((index * 7919) % 500) / 1250;
}

function row(index: number): unknown {
  const first = said(index);
  const rest = (1 - sure(index)) / 4;
  return {
    index,
    image: `/data/mnist/test/${index % 10}/${String(index).padStart(5, "0")}.png`,
    truth: { label: labels[index % 10], index: index % 10 },
    truth_probability: first === index % 10 ? sure(index) : rest,
    predictions: [0, 1, 2, 3, 4].map((step) => ({
      label: labels[(first + step) % 10],
      index: (first + step) % 10,
      probability: step === 0 ? sure(index) : rest,
    })),
  };
}

export function evaluation_facts(model_id: string, source: unknown): unknown {
  const cells = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const key = `${i % 10},${said(i)}`;
    cells.set(key, (cells.get(key) ?? 0) + 1);
  }
  const confusion = [...cells].map(
    ([key, count]) => [...key.split(",").map(Number), count] as [number, number, number],
  );
  const sum = (wanted: (truth: number, predicted: number) => boolean) =>
    confusion.reduce((total, [truth, predicted, count]) => total + (wanted(truth, predicted) ? count : 0), 0);
  const classes = labels.map((label, index) => {
    const right = sum((truth, predicted) => truth === index && predicted === index);
    const support = sum((truth) => truth === index);
    const predicted = sum((_, chosen) => chosen === index);
    return {
      label,
      index,
      support,
      predicted,
      precision: right / predicted,
      recall: right / support,
      f1: (2 * right) / (support + predicted),
    };
  });
  const mean = (name: "precision" | "recall" | "f1") => classes.reduce((total, one) => total + one[name], 0) / 10;
  return {
    format: 1,
    model_id,
    snapshot: { iteration: 704, weights: "snapshot_iter_704.caffemodel" },
    source,
    labels,
    count,
    labelled: count,
    top1: sum((truth, predicted) => truth === predicted) / count,
    top5: 1,
    confusion,
    classes,
    macro: { precision: mean("precision"), recall: mean("recall"), f1: mean("f1") },
    unreadable: { count: 0, items: [], file: "unreadable.txt" },
    warnings: [],
    seconds: 0.4,
    images_per_s: 2500,
  };
}

export function predictions(query: URLSearchParams): unknown {
  const number = (name: string) => (query.has(name) ? Number(query.get(name)) : null);
  const truth = number("truth");
  const predicted = number("predicted");
  const correct = query.get("correct");
  const found = Array.from({ length: count }, (_, i) => i).filter(
    (i) =>
      (truth === null || i % 10 === truth) &&
      (predicted === null || said(i) === predicted) &&
      (correct === null || (said(i) === i % 10) === (correct === "true")),
  );
  const sort = query.get("sort");
  if (sort === "probability") found.sort((a, b) => sure(a) - sure(b));
  if (sort === "-probability") found.sort((a, b) => sure(b) - sure(a));
  const from = Number(query.get("cursor") ?? 0);
  const limit = Number(query.get("limit") ?? 100);
  return {
    items: found.slice(from, from + limit).map(row),
    next_cursor: from + limit < found.length ? String(from + limit) : null,
    total: found.length,
  };
}

export function top_images(query: URLSearchParams): unknown {
  const wanted = Number(query.get("class") ?? 0);
  const best = Array.from({ length: count }, (_, i) => i)
    .filter((i) => said(i) === wanted)
    .sort((a, b) => sure(b) - sure(a))
    .slice(0, Number(query.get("n") ?? 9));
  return {
    label: labels[wanted],
    items: best.map((index) => ({
      index,
      image: `/data/mnist/test/${index}.png`,
      truth: { label: labels[index % 10], index: index % 10 },
      probability: sure(index),
    })),
  };
}

export function layers(model: string): unknown {
  const counts = Array.from({ length: 20 }, (_, i) => Math.round(100 * Math.exp(-((i - 10) ** 2) / 16)));
  const layer = (name: string, type: string, kind: string, shape: number[], parameters: number | null, at: number) => ({
    name,
    layer: name,
    type,
    kind,
    shape,
    mean: 0.01,
    deviation: 0.2,
    histogram: { counts, low: -0.6, high: 0.6 },
    parameters,
    image:
      type === "InnerProduct" && kind === "weights"
        ? null
        : `/api/v1/models/${model}/layers/0123456789abcdef/${at}.png`,
  });
  return {
    snapshot: 704,
    predictions: [{ label: "7", index: 7, probability: 0.99 }],
    layers: [
      layer("data", "Power", "activation", [1, 28, 28], null, 0),
      layer("conv1", "Convolution", "weights", [20, 1, 5, 5], 520, 1),
      layer("conv1", "Convolution", "activation", [20, 24, 24], null, 2),
      layer("ip1", "InnerProduct", "weights", [500, 800], 400500, 3),
      layer("softmax", "Softmax", "activation", [10], null, 4),
    ],
    parameters: 401020,
    seconds: 0.02,
  };
}

function facts_of(state: MockState, job: Job): unknown {
  const task = task_of(state, job);
  const source = job.spec?.source ?? {};
  return task === "classification"
    ? evaluation_facts(job.parents[0]!, source)
    : task_facts(task, job.parents[0]!, source);
}

export const routes: Routes = {
  "GET /evaluations": ({ state, query }) => list_jobs(state, query),
  "POST /evaluations": ({ state, body }) => {
    const sent = Buffer.isBuffer(body) ? /\{.*\}/.exec(body.toString())![0] : JSON.stringify(body);
    const wanted = JSON.parse(sent) as { name?: string; spec: EvaluationSpec };
    const made = state.add("evaluation", wanted.name ?? "Evaluation", "", wanted.spec, [wanted.spec.model_id]);
    state.start(made);
    return made.job;
  },
  "GET /evaluations/:id": ({ state, entry }) => {
    const { job } = entry();
    const model = state.entries.get(job.parents[0]!)?.job;
    return {
      job,
      model: model ? { id: model.id, name: model.name } : null,
      evaluation: job.state === "done" ? facts_of(state, job) : null,
    };
  },
  "GET /evaluations/:id/predictions": ({ state, entry, query }) => {
    const task = task_of(state, entry().job);
    return task === "classification" ? predictions(query) : task_predictions(task, query);
  },
  "GET /evaluations/:id/top": ({ query }) => top_images(query),
  "GET /evaluations/:id/predictions.csv": () => "index,image,truth\r\n",
};

export function evaluation_step(state: MockState, entry: Entry): void {
  entry.iteration += 250;
  const done = entry.iteration;
  const fraction = done / 1000;
  entry.job.progress = {
    step: "evaluate",
    unit: "images",
    done,
    total: 1000,
    rate: 2500,
    eta_s: 0.4 - done / 2500,
    fraction,
  };
  state.tell_job(entry);
  if (fraction < 1) return;
  const task = task_of(state, entry.job);
  if (task === "classification") {
    entry.job.result = { top1: 0.975, top5: 1 } as never;
    entry.job.best = { accuracy: 0.975, iteration: 704, epoch: 0 };
  } else {
    entry.job.result = { ...judged[task], labelled: 30 } as never;
    entry.job.best = { ...judged[task], iteration: 704, epoch: 0 };
  }
  state.stop(entry, "done");
}
