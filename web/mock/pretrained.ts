import { labels } from "./images.ts";
import { refuse } from "./refusal.ts";
import type { Routes } from "./route.ts";
import { type Entry, type MockState, now } from "./state.ts";

export const routes: Routes = {
  "POST /pretrained": ({ state, body }) => add_pretrained(state, body).job,
  "GET /pretrained/:id": ({ state, entry }) => pretrained_of(state, entry()),
  "GET /pretrained/:id/archive": () => Buffer.from("1f8b0800000000000003030000000000000000", "hex"),
};

function add_pretrained(state: MockState, body: unknown): Entry {
  const given = Buffer.isBuffer(body) ? null : (body as { from_model: string; name?: string; snapshot?: string });
  const model = given && (state.entries.get(given.from_model) ?? refuse(422, "invalid_argument", "no such model"));
  const file = Buffer.isBuffer(body) ? /filename="([^"]*)"/.exec(body.toString("latin1"))?.[1] : undefined;
  const source = model
    ? { type: "model", name: model.job.name, model_id: model.job.id, iteration: 704, epoch: 1 }
    : { type: "archive", name: file ?? "" };
  const entry = state.add("pretrained", given?.name || (file ?? "model").replace(/\..*/, ""), "", { source });
  entry.job.started_at = now();
  entry.job.result = { classes: 10 } as never;
  state.stop(entry, "done");
  return entry;
}

function pretrained_of(state: MockState, { job }: Entry): unknown {
  return {
    job,
    pretrained: {
      format: 1,
      framework: "caffe",
      title: job.name,
      network: "LeNet",
      image: { width: 28, height: 28, channels: 1, resize: "squash" },
      mean: "image",
      mean_file: "mean.binaryproto",
      labels,
      classes: 10,
      parameters: 431080,
      without_weights: [],
      unused: [],
      python_layer: null,
      bytes: 1_724_320,
      warnings: [],
    },
    files: ["original.prototxt", "deploy.prototxt", "labels.txt", "mean.binaryproto", "model.caffemodel"],
    models: [...state.entries.values()]
      .map((one) => one.job)
      .filter((one) => one.kind === "model" && JSON.stringify(one.spec).includes(job.id)),
  };
}
