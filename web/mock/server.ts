import type { IncomingMessage, ServerResponse } from "node:http";
import type { EvaluationSpec, Job, Model, ModelSpec, Problem } from "../src/api/client.ts";
import { evaluation_facts, layers, predictions, top_pictures } from "./evaluations.ts";

/** As much of /api/v1 as the pages need to be looked at without a server: made-up jobs whose progress is played. */

const labels = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
const per_class = [4442, 5056, 4468, 4598, 4381, 4066, 4438, 4699, 4388, 4464];

interface Point {
  series: string;
  iteration: number;
  epoch: number;
  value: number;
}

interface Entry {
  job: Job;
  points: Point[];
  snapshots: Model["snapshots"];
  log: string[];
  timer?: ReturnType<typeof setInterval>;
  iteration: number;
}

class Refusal extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

function refuse(status: number, code: Problem["code"], detail: string, where = "", advice = ""): never {
  throw new Refusal({
    type: "about:blank",
    title: status === 404 ? "Not found" : "Invalid request",
    status,
    code,
    detail,
    where,
    advice,
  });
}

const lenet = `name: "LeNet"
layer {
  name: "train-data"
  type: "Data"
  top: "scaled"
  top: "label"
  data_param { batch_size: 64 }
  include { stage: "train" }
}
# …
layer {
  name: "conv1"
  type: "Convolution"
  bottom: "scaled"
  top: "conv1"
  convolution_param { num_output: 20 kernel_size: 5 }
}
`;

export class MockServer {
  private entries = new Map<string, Entry>();
  private streams = new Set<ServerResponse>();
  private history: { id: number; text: string; job: string }[] = [];
  private next_event = 1;
  private trash = new Map<string, Entry>();
  private count = 0;
  private user = "";

  private readonly step_ms: number;

  constructor(step_ms = 300, with_jobs = true, many = 0) {
    this.step_ms = step_ms;
    if (with_jobs) this.add_jobs();
    if (many > 0) this.add_many(many);
  }

  /** Finished trainings, to see how the list bears them. */
  private add_many(count: number): void {
    const dataset = [...this.entries.keys()][0] ?? this.add("dataset", "MNIST", "", {}).job.id;
    for (let i = 0; i < count; i++) {
      const { job } = this.add("model", `Sweep ${i}`, i % 10 === 0 ? "" : `sweep ${i % 100}`, {}, [dataset]);
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

  private add_jobs(): void {
    const dataset = this.add("dataset", "MNIST", "mnist", {
      source: { type: "folder", path: "/data/mnist/train" },
      image: { width: 28, height: 28, channels: 1 },
    });
    this.finish_dataset(dataset);
    for (const [name, seed] of [
      ["LeNet on MNIST", 1],
      ["LeNet lr 0.001", 2],
    ] as const) {
      const model = this.add(
        "model",
        name,
        "mnist",
        { dataset_id: dataset.job.id, network: { standard: "lenet" }, epochs: 6, solver: { base_lr: 0.01 / seed } },
        [dataset.job.id],
      );
      model.job.state = "run";
      while (model.job.state === "run") this.train_step(model, true);
    }
    const failed = this.add(
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
    const running = this.add(
      "model",
      "LeNet, longer",
      "mnist",
      { dataset_id: dataset.job.id, network: { standard: "lenet" }, epochs: 60 },
      [dataset.job.id],
    );
    this.start(running);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://mock");
    const path = url.pathname.replace(/^\/api\/v1/, "");
    try {
      const body = /^(POST|PATCH|PUT)$/.test(request.method ?? "") ? await read_body(request) : null;
      if (path === "/events") return this.stream(request, response);
      const answer = this.answer(request.method ?? "GET", path, url.searchParams, body);
      if (answer === null) {
        response.writeHead(204).end();
      } else if (typeof answer === "string" || Buffer.isBuffer(answer)) {
        response.writeHead(200, { "Content-Type": type_of(path) }).end(answer);
      } else {
        response.writeHead(
          request.method === "POST" && /^\/(datasets|models|evaluations|pretrained)$/.test(path) ? 201 : 200,
          {
            "Content-Type": "application/json",
          },
        );
        response.end(JSON.stringify(answer));
      }
    } catch (error) {
      const problem =
        error instanceof Refusal
          ? error.problem
          : {
              type: "about:blank",
              title: "Internal error",
              status: 500,
              code: "internal",
              detail: String(error),
              where: "",
              advice: "",
            };
      response.writeHead(problem.status, { "Content-Type": "application/problem+json" }).end(JSON.stringify(problem));
    }
  }

  private answer(method: string, path: string, query: URLSearchParams, body: unknown): unknown {
    const parts = path.split("/").filter(Boolean);
    const route = `${method} /${parts.map((part) => (/^\d{8}-\d{6}-/.test(part) ? ":id" : part)).join("/")}`;
    const data = body as {
      name: string;
      group?: string;
      spec: Record<string, never> & { source?: { path?: string; train?: string } };
    };
    if (parts[2] === "pictures" && parts.length >= 4) return picture(Number(parts.at(-1)));
    if (parts[2] === "layers" && parts.length === 5) return picture(Number.parseInt(parts[4]!, 10));
    if (parts[0] === "files") return this.file(parts[1]!, parts.slice(2).join("/"));
    const entry = () => this.entries.get(parts[1]!) ?? refuse(404, "not_found", `there is no job ${parts[1]}`);
    switch (route) {
      case "GET /session":
        return { user: this.user };
      case "PUT /session":
        this.user = (body as { user: string }).user;
        return { user: this.user };
      case "DELETE /session":
        this.user = "";
        return null;
      case "GET /jobs":
        return this.list(query);
      case "GET /jobs/:id":
        return entry().job;
      case "PATCH /jobs/:id":
        Object.assign(entry().job, body);
        this.tell_job(entry());
        return entry().job;
      case "DELETE /jobs/:id":
        this.trash.set(parts[1]!, entry());
        this.entries.delete(parts[1]!);
        this.tell("job_deleted", { job: parts[1] }, parts[1]!);
        return null;
      case "POST /jobs/:id/restore": {
        const back = this.trash.get(parts[1]!) ?? refuse(404, "not_found", `there is no job ${parts[1]} in the trash`);
        this.trash.delete(parts[1]!);
        this.entries.set(parts[1]!, back);
        this.tell_job(back);
        return back.job;
      }
      case "POST /jobs/:id/abort":
        this.stop(entry(), "abort");
        return entry().job;
      case "POST /jobs/:id/resume":
        this.start(entry());
        return entry().job;
      case "POST /jobs/:id/snapshot":
        this.snapshot(entry(), false);
        return entry().job;
      case "GET /jobs/:id/hardware":
        return {
          pid: 4712,
          device: "cpu (2 cores)",
          cores_busy: 1.8 + Math.random() * 0.2,
          threads: 7,
          memory_bytes: 412_000_000,
          peak_memory_bytes: 430_000_000,
          machine: { cores: 2, memory_bytes: 16e9, available_bytes: 9e9 },
          gpu: null,
        };
      case "GET /jobs/:id/log":
        return `${entry().log.join("\n")}\n`;
      case "POST /datasets/scan":
        return this.scan(data.spec);
      case "POST /datasets/report":
        this.scan(data.spec);
        return {
          checked: 4096,
          all: false,
          unreadable: {
            count: 1,
            pictures: [{ path: "/data/mnist/train/3/00007.png", split: "train", reason: "the file is cut off" }],
          },
          bytes: 38e6,
          seconds: 9,
          imbalance: { ratio: 1.24, verdict: "even" },
          duplicates: {
            compared: 60000,
            all: true,
            groups: 0,
            pictures: 0,
            across_splits: 0,
            contradicting: 0,
            examples: [],
          },
        };
      case "POST /datasets/resize-example":
        this.scan(data.spec);
        return {
          picture: "/data/mnist/train/0/00001.png",
          width: 28,
          height: 28,
          channels: 1,
          modes: ["squash", "crop", "fill", "half_crop"].map((mode, i) => ({
            mode,
            bytes: 312 + i,
            data: picture_url(i),
          })),
        };
      case "POST /datasets/:id/augment-example":
        return {
          width: 28,
          height: 28,
          pictures: [0, 1, 2, 3].map((record) => ({
            record,
            label: record,
            original: picture_url(record),
            variants: [1, 2, 3, 4, 5].map((variant) => picture_url(record * 7 + variant)),
          })),
        };
      case "POST /networks/describe":
        return this.describe(data.spec as unknown as ModelSpec);
      case "POST /datasets": {
        this.check_name(data.name);
        this.scan(data.spec);
        const made = this.add("dataset", data.name, data.group ?? "", data.spec);
        this.start(made);
        return made.job;
      }
      case "GET /datasets/:id":
        return { job: entry().job, dataset: entry().job.result ?? null };
      case "GET /datasets/:id/pictures":
        return pictures(query);
      case "POST /models/check":
        return this.check(data.spec as unknown as ModelSpec);
      case "POST /models": {
        this.check_name(data.name);
        const spec = data.spec as unknown as ModelSpec;
        if (!spec.dataset_id)
          refuse(422, "invalid_argument", "dataset_id is needed to train", "/spec/dataset_id", "Choose a dataset");
        const model = this.add("model", data.name, data.group ?? "", data.spec, [spec.dataset_id!]);
        this.start(model);
        return model.job;
      }
      case "GET /models/:id":
        return this.model(entry());
      case "POST /models/:id/extend": {
        const { job } = entry();
        const spec = job.spec as unknown as ModelSpec;
        spec.epochs = Number(spec.epochs ?? 30) + (body as { epochs: number }).epochs;
        this.start(entry());
        return job;
      }
      case "POST /pretrained":
        return this.add_pretrained(body).job;
      case "GET /pretrained/:id":
        return this.pretrained(entry());
      case "GET /pretrained/:id/archive":
        return Buffer.from("1f8b0800000000000003030000000000000000", "hex");
      case "GET /models/:id/metrics":
        return metrics_of(entry().points);
      case "GET /models/:id/metrics.csv":
        return `series,iteration,epoch,value\n${entry()
          .points.map((p) => `${p.series},${p.iteration},${p.epoch},${p.value}`)
          .join("\n")}\n`;
      case "GET /models/:id/snapshots":
        return { items: entry().snapshots };
      case "GET /models/:id/archive":
        return Buffer.from("1f8b0800000000000003030000000000000000", "hex");
      case "POST /models/:id/classify":
        return this.classify(entry(), body);
      case "POST /models/:id/layers":
        return layers(entry().job.id);
      case "GET /evaluations":
        return this.list(query);
      case "POST /evaluations": {
        const sent = Buffer.isBuffer(body) ? /\{.*\}/.exec(body.toString())![0] : JSON.stringify(body);
        const wanted = JSON.parse(sent) as { name?: string; spec: EvaluationSpec };
        const made = this.add("evaluation", wanted.name ?? "Evaluation", "", wanted.spec, [wanted.spec.model_id]);
        this.start(made);
        return made.job;
      }
      case "GET /evaluations/:id": {
        const { job } = entry();
        const model = this.entries.get(job.parents[0]!)?.job;
        return {
          job,
          model: model ? { id: model.id, name: model.name } : null,
          evaluation: job.state === "done" ? evaluation_facts(job.parents[0]!, job.spec?.source ?? {}) : null,
        };
      }
      case "GET /evaluations/:id/predictions":
        return predictions(query);
      case "GET /evaluations/:id/top":
        return top_pictures(query);
      case "GET /evaluations/:id/predictions.csv":
        return "index,picture,truth\r\n";
      case "GET /browse":
        return browse(query.get("path") ?? "/");
      case "GET /networks":
        return {
          items: [
            network("lenet", "LeNet", "Digits and other small grey pictures", 28, 1),
            network("alexnet", "AlexNet", "The classic of 2012", 256, 3),
          ],
        };
      case "GET /system":
        return {
          version: "0.1.0",
          data_dir: "/var/lib/digits",
          address: "http://127.0.0.1:5000/",
          pid: 4711,
          started_at: now(),
          uptime_s: 12345.6,
          memory_bytes: 42_000_000,
          devices: [{ id: "cpu", kind: "cpu", name: "CPU", memory_bytes: 16e9, cores: 2 }],
          training_room: {
            total: 2,
            taken: [...this.entries.values()].filter(({ job }) => job.kind === "model" && job.state === "run").length,
          },
          python_layers: true,
          mnist: "/opt/digits/mnist",
          url_fetch: true,
          disk: { total_bytes: 500e9, free_bytes: 210e9 },
          limits: { body_bytes: 1 << 20, upload_bytes: 1 << 28, upload_files: 1000 },
          jobs: {},
        };
      case "GET /system/doctor":
        return {
          ok: true,
          checks: [
            { id: "worker", status: "ok", title: "digits-worker", text: "It answers with version 0.1.0", fix: "" },
          ],
        };
    }
    return refuse(404, "not_found", `there is nothing at ${method} ${path}`);
  }

  private check_name(name: string): void {
    if (!name) refuse(422, "invalid_argument", "name must have 1 to 200 characters, got none", "/name");
  }

  private scan(spec: { source?: { path?: string; train?: string }; image?: { width: number } }): unknown {
    const path = spec.source?.path ?? spec.source?.train ?? "";
    if (path === "") refuse(422, "invalid_argument", "path must be a folder, got nothing", "/spec/source/path");
    if (!path.startsWith("/"))
      refuse(
        422,
        "invalid_argument",
        `path must be absolute, got "${path}"`,
        "/spec/source/path",
        "Write it from / on",
      );
    if (path.includes("missing"))
      refuse(
        422,
        "invalid_argument",
        `there is no folder ${path}`,
        "/spec/source/path",
        "Check the name on the server's machine",
      );
    if (spec.image && !(spec.image.width >= 1))
      refuse(422, "invalid_argument", `width must be 1 to 10000, got ${spec.image.width}`, "/spec/image/width");
    return { labels, splits: splits(), warnings: ["3 files are no pictures, for instance /data/mnist/train/README"] };
  }

  private check(spec: ModelSpec): unknown {
    const text = spec.network.prototxt;
    const bad = text?.split("\n").findIndex((line) => line.includes("wrong")) ?? -1;
    const diagnostics =
      bad >= 0
        ? [
            {
              severity: "error",
              message: 'layer type "wrong" is not known',
              line: bad + 1,
              column: 3,
              layer: "conv1",
              advice: "Did you mean Convolution?",
            },
          ]
        : [];
    return {
      ok: bad < 0,
      diagnostics,
      train_val: bad < 0 ? lenet : null,
      deploy: bad < 0 ? lenet : null,
      network: text ?? (spec.network.standard ? null : lenet),
      python_layers: spec.network.python_layers ?? null,
      renamed: spec.network.pretrained ? ["ip2"] : [],
      solver: spec.dataset_id ? `max_iter: ${704 * Number(spec.epochs ?? 30)}\n` : null,
    };
  }

  private add_pretrained(body: unknown): Entry {
    const given = Buffer.isBuffer(body) ? null : (body as { from_model: string; name?: string; snapshot?: string });
    const model = given && (this.entries.get(given.from_model) ?? refuse(422, "invalid_argument", "no such model"));
    const file = Buffer.isBuffer(body) ? /filename="([^"]*)"/.exec(body.toString("latin1"))?.[1] : undefined;
    const source = model
      ? { type: "model", name: model.job.name, model_id: model.job.id, iteration: 704, epoch: 1 }
      : { type: "archive", name: file ?? "" };
    const entry = this.add("pretrained", given?.name || (file ?? "model").replace(/\..*/, ""), "", { source });
    entry.job.started_at = now();
    entry.job.result = { classes: 10 } as never;
    this.stop(entry, "done");
    return entry;
  }

  private pretrained({ job }: Entry): unknown {
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
      models: [...this.entries.values()]
        .map((one) => one.job)
        .filter((one) => one.kind === "model" && JSON.stringify(one.spec).includes(job.id)),
    };
  }

  private describe(spec: ModelSpec): unknown {
    const { ok, diagnostics } = this.check(spec) as { ok: boolean; diagnostics: unknown[] };
    return {
      ok,
      diagnostics,
      networks: {},
      batch_size: 64,
      image: { width: 28, height: 28, channels: 1 },
      crop_size: 0,
      parameters: ok ? 431_080 : null,
      flops: ok ? { forward: 4.59e6, backward: 8.6e6 } : null,
      memory_bytes: ok ? 290e6 : null,
      free_memory_bytes: 12e9,
      time: ok
        ? {
            images_per_s: { low: 4200, high: 6900 },
            how: "measured",
            tried_batch_size: 64,
            training_s: spec.dataset_id ? { low: 210, high: 340 } : null,
          }
        : null,
    };
  }

  private add(kind: Job["kind"], name: string, group: string, spec: object, parents: string[] = []): Entry {
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
      result: null,
    };
    const entry: Entry = { job, points: [], snapshots: [], log: [`job ${id} made`], iteration: 0 };
    this.entries.set(id, entry);
    this.tell_job(entry);
    return entry;
  }

  private start(entry: Entry): void {
    Object.assign(entry.job, {
      state: "run",
      started_at: now(),
      finished_at: null,
      error: null,
      actions: { abort: true, resume: false, delete: false, snapshot: entry.job.kind === "model" },
    });
    this.tell_job(entry);
    entry.timer = setInterval(() => {
      if (entry.job.kind === "model") this.train_step(entry);
      else if (entry.job.kind === "evaluation") this.evaluation_step(entry);
      else this.dataset_step(entry);
    }, this.step_ms);
    entry.timer.unref();
  }

  private stop(entry: Entry, state: Job["state"]): void {
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

  private dataset_step(entry: Entry): void {
    entry.iteration += 1;
    const done = entry.iteration * 6000;
    entry.log.push(`create train_db: ${done} images`);
    entry.job.progress = {
      step: "create train_db",
      unit: "images",
      done,
      total: 45000,
      rate: 6612.4,
      eta_s: Math.max(0, (45000 - done) / 6612),
      fraction: Math.min(1, done / 45000),
    };
    this.tell_job(entry);
    if (done >= 45000) this.finish_dataset(entry);
  }

  private evaluation_step(entry: Entry): void {
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
    this.tell_job(entry);
    if (fraction < 1) return;
    entry.job.result = { top1: 0.975, top5: 1 } as never;
    entry.job.best = { accuracy: 0.975, iteration: 704, epoch: 0 };
    this.stop(entry, "done");
  }

  private finish_dataset(entry: Entry): void {
    entry.job.started_at ??= now();
    entry.job.result = {
      format: 1,
      type: "classification",
      image: { width: 28, height: 28, channels: 1, resize: "squash" },
      storage: { backend: "lmdb", encoding: "png" },
      labels,
      splits: splits(),
      mean_file: "mean.binaryproto",
      mean_pixel: [33.3],
      unreadable: { count: 0, file: "unreadable.txt" },
      bytes: 38e6,
      seconds: 9.1,
      images_per_s: 6600,
    } as never;
    this.stop(entry, "done");
  }

  private train_step(entry: Entry, quiet = false): void {
    const spec = entry.job.spec as unknown as ModelSpec;
    const epochs = Number(spec.epochs ?? 30);
    const total = 704 * epochs;
    entry.job.started_at ??= now();
    entry.iteration += 88;
    const epoch = entry.iteration / 704;
    const loss = 2.3 * Math.exp(-epoch * 1.6) + 0.02 + Math.random() * 0.06;
    const lr = 0.01 * 0.1 ** Math.floor(entry.iteration / (total / 3));
    this.metrics(
      entry,
      "train",
      epoch,
      { loss, lr, images_per_s: 6800 + Math.random() * 200, data_wait: 0.008 },
      quiet,
    );
    if (entry.iteration % 704 === 0) {
      const accuracy = 0.991 - 0.6 * Math.exp(-epoch * 2.2) - Math.random() * 0.002;
      const val_loss = 0.03 + 1.8 * Math.exp(-epoch * 1.8);
      this.metrics(entry, "val", epoch, { loss: val_loss, accuracy }, quiet);
      const best = entry.job.best as { accuracy: number } | null;
      if (!best || accuracy > best.accuracy)
        entry.job.best = { accuracy, loss: val_loss, iteration: entry.iteration, epoch };
      this.snapshot(entry, quiet);
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
    if (!quiet) this.tell_job(entry);
    if (fraction >= 1) this.stop(entry, "done");
  }

  private metrics(entry: Entry, phase: string, epoch: number, values: Record<string, number>, quiet: boolean): void {
    for (const [name, value] of Object.entries(values)) {
      entry.points.push({ series: `${phase}/${name}`, iteration: entry.iteration, epoch, value });
      entry.job.last[`${phase}/${name}`] = value;
    }
    if (!quiet)
      this.tell("metrics", { job: entry.job.id, iteration: entry.iteration, epoch, phase, values }, entry.job.id);
  }

  private snapshot(entry: Entry, quiet: boolean): void {
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
    if (!quiet) this.tell("snapshot", { job: entry.job.id, snapshot: entry.snapshots.at(-1) }, entry.job.id);
  }

  private model({ job, snapshots }: Entry): unknown {
    const dataset = this.entries.get(job.parents[0] ?? "")?.job.result ?? null;
    return {
      job,
      dataset,
      network: { outputs: [{ name: "softmax", type: "Softmax" }], parameters: 431080, memory_bytes: 21_000_000 },
      snapshots,
      files: ["original.prototxt", "train_val.prototxt", "deploy.prototxt", "solver.prototxt", "labels.txt"],
    };
  }

  private classify({ job, snapshots }: Entry, body: unknown): unknown {
    const asked = Buffer.isBuffer(body)
      ? [...body.toString("latin1").matchAll(/name="image"; filename="([^"]*)"/g)].map((match) => match[1]!)
      : (body as { paths: string[] }).paths;
    const images = asked.map((name) => {
      if (name.includes("broken"))
        return {
          name,
          predictions: [],
          error: { code: "data_loss", message: `${name} ends early`, where: name, advice: "Save the picture again" },
        };
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

  private file(id: string, path: string): string | Buffer {
    if (!this.entries.has(id)) refuse(404, "not_found", `there is no job ${id}`);
    if (path.endsWith(".prototxt")) return lenet;
    if (path === "mean.jpg")
      return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28" width="28" height="28"><rect width="28" height="28"/><circle cx="14" cy="14" r="8" fill="#777"/></svg>';
    return labels.join("\n");
  }

  private list(query: URLSearchParams): unknown {
    const states = query.get("state")?.split(",");
    const q = (query.get("q") ?? "").toLowerCase();
    const items = [...this.entries.values()]
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

  private tell_job(entry: Entry): void {
    const { spec: _, result: __, ...job } = entry.job;
    this.tell("job", job, job.id);
  }

  private tell(event: string, data: unknown, job: string): void {
    const id = this.next_event++;
    const text = `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    this.history.push({ id, text, job });
    if (this.history.length > 2000) this.history.shift();
    for (const stream of this.streams) stream.write(text);
  }

  private stream(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    const last = request.headers["last-event-id"];
    if (last === undefined) response.write(`event: hello\ndata: {"version":"0.1.0"}\n\n`);
    else for (const { id, text } of this.history) if (id > Number(last)) response.write(text);
    this.streams.add(response);
    request.on("close", () => this.streams.delete(response));
  }
}

function splits(): Record<string, unknown> {
  return {
    train: { count: 45000, db: "train_db", list: "train.txt", per_class },
    val: { count: 15000, db: "val_db", list: "val.txt", per_class: per_class.map((count) => Math.round(count / 3)) },
  };
}

function pictures(query: URLSearchParams): unknown {
  const label = query.get("class");
  const all = Array.from({ length: 600 }, (_, index) => index).filter(
    (i) => label === null || i % 10 === Number(label),
  );
  const wanted = all.filter((i) => i >= Number(query.get("cursor") ?? 0));
  const limit = Number(query.get("limit") ?? 100);
  return {
    items: wanted.slice(0, limit).map((index) => ({
      index,
      label: index % 10,
      label_name: labels[index % 10],
      file: `/data/mnist/train/${index % 10}/${String(index).padStart(5, "0")}.png`,
      width: 28,
      height: 28,
      channels: 1,
    })),
    next_cursor: wanted[limit] === undefined ? null : String(wanted[limit]),
    total: all.length,
  };
}

function picture(index: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28" width="28" height="28"><rect width="28" height="28"/><text x="8" y="21" fill="#fff" font-size="20">${index % 10}</text></svg>`;
}

function picture_url(index: number): string {
  return `data:image/svg+xml,${encodeURIComponent(picture(index))}`;
}

/** A made-up disk: /data/mnist with ten classes of pictures. */
function browse(path: string): unknown {
  const folders: Record<string, string[]> = { "/": ["data"], "/data": ["mnist"], "/data/mnist": ["test", "train"] };
  const inside = folders[path] ?? (/^\/data\/mnist\/(test|train)$/.test(path) ? labels : []);
  const files = /\/\d$/.test(path) ? Array.from({ length: 40 }, (_, i) => `${String(i).padStart(5, "0")}.png`) : [];
  if (inside.length + files.length === 0)
    refuse(403, "permission_denied", `${path} lies outside the folders that Digits may use`, "?path");
  return {
    path,
    parent: path === "/" ? null : path.slice(0, path.lastIndexOf("/")) || "/",
    entries: [
      ...inside.map((name) => ({ name, kind: "folder", bytes: null })),
      ...files.map((name) => ({ name, kind: "file", bytes: 291 })),
    ],
    truncated: false,
  };
}

function network(name: string, title: string, text: string, size: number, channels: number): unknown {
  return {
    name,
    title,
    text,
    image: { width: size, height: size, channels },
    prototxt: lenet.replace("LeNet", title),
    defaults: { solver: { type: "SGD", base_lr: 0.01 } },
  };
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

function type_of(path: string): string {
  if (path.endsWith(".jpg") || /\/(pictures|layers)\/.*\d+(\.png)?$/.test(path)) return "image/svg+xml";
  return path.endsWith("/archive") ? "application/gzip" : "text/plain; charset=utf-8";
}

async function read_body(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const whole = Buffer.concat(chunks);
  if (!request.headers["content-type"]?.includes("json")) return whole;
  return JSON.parse(whole.toString() || "null");
}

function now(): string {
  return new Date().toISOString();
}
