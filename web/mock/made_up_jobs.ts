import { finish_dataset } from "./datasets.ts";
import { evaluation_step } from "./evaluations.ts";
import { train_step } from "./models.ts";
import { type MockState, now } from "./state.ts";

/** Finished trainings, to see how the list bears them. */
export function add_many(state: MockState, count: number): void {
  const dataset = [...state.entries.keys()][0] ?? state.add("dataset", "MNIST", "", {}).job.id;
  for (let i = 0; i < count; i++) {
    const { job } = state.add("model", `Sweep ${i}`, i % 10 === 0 ? "" : `sweep ${i % 100}`, {}, [dataset]);
    const accuracy = ((i * 7919) % 10007) / 10007;
    Object.assign(job, {
      state: "done",
      started_at: job.created_at,
      finished_at: job.created_at,
      best: { accuracy, loss: 1 - accuracy, iteration: 704, epoch: 1 },
      last: { "train/loss": 1 - accuracy, "train/lr": 0.01, "val/accuracy": accuracy, "val/loss": 1 - accuracy },
      actions: { abort: false, resume: false, delete: true, snapshot: false },
    });
  }
}

/** A dataset, and models in every state. */
export function add_jobs(state: MockState): void {
  add_tasks(state);
  const dataset = state.add("dataset", "MNIST", "mnist", {
    source: { type: "folder", path: "/data/mnist/train" },
    image: { width: 28, height: 28, channels: 1 },
  });
  finish_dataset(state, dataset);
  for (const [name, seed] of [
    ["LeNet on MNIST", 1],
    ["LeNet lr 0.001", 2],
  ] as const) {
    const model = state.add(
      "model",
      name,
      "mnist",
      { dataset_id: dataset.job.id, network: { standard: "lenet" }, epochs: 6, solver: { base_lr: 0.01 / seed } },
      [dataset.job.id],
    );
    model.job.state = "run";
    while (model.job.state === "run") train_step(state, model, true);
  }
  const failed = state.add(
    "model",
    "Broken network",
    "",
    { dataset_id: dataset.job.id, network: { prototxt: "layer {" }, epochs: 6 },
    [dataset.job.id],
  );
  Object.assign(failed.job, {
    state: "error",
    started_at: failed.job.created_at,
    finished_at: now(),
    error: {
      code: "invalid_argument",
      message: 'layer "ip9" wants the blob "ip8", which no layer before it makes',
      where: "train_val.prototxt:41:3",
      advice: 'Write bottom: "ip2"',
    },
    actions: { abort: false, resume: true, delete: true, snapshot: false },
  });
  const running = state.add(
    "model",
    "LeNet, longer",
    "mnist",
    { dataset_id: dataset.job.id, network: { standard: "lenet" }, epochs: 60 },
    [dataset.job.id],
  );
  state.start(running);
}

/** A dataset, a model and an evaluation of each other task. */
function add_tasks(state: MockState): void {
  for (const [name, type, network] of [
    ["Blood cells", "detection", "detector"],
    ["Cell masks", "segmentation", "unet"],
    ["Denoising pairs", "processing", "autoencoder"],
  ] as const) {
    const cells = state.add("dataset", name, "cells", { type, source: { type: "voc", annotations: "/data/cells" } });
    finish_dataset(state, cells);
    const model = state.add(
      "model",
      `${name}: ${network}`,
      "cells",
      { dataset_id: cells.job.id, network: { standard: network }, epochs: 3 },
      [cells.job.id],
    );
    model.job.state = "run";
    while (model.job.state === "run") train_step(state, model, true);
    const evaluation = state.add(
      "evaluation",
      `${name} on val`,
      "cells",
      { model_id: model.job.id, snapshot: "best", source: { type: "split", split: "val" } },
      [model.job.id],
    );
    evaluation.iteration = 1000;
    evaluation_step(state, evaluation);
  }
}
