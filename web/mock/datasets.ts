import { image_url, labels } from "./images.ts";
import { check_name } from "./jobs.ts";
import { refuse } from "./refusal.ts";
import type { Routes } from "./route.ts";
import { boxes, data_url, height, mask, scene, scene_labels, width } from "./scenes.ts";
import { type Entry, type MockState, now } from "./state.ts";
import { dataset_facts, samples, task_of } from "./tasks.ts";

const per_class = [4442, 5056, 4468, 4598, 4381, 4066, 4438, 4699, 4388, 4464];

export const routes: Routes = {
  "POST /datasets/scan": ({ data }) => scan(data.spec),
  "POST /datasets/recognize": ({ body }) => recognized((body as { folder: string }).folder),
  "POST /datasets/propose": ({ body }) => proposed((body as { folder: string }).folder),
  "POST /datasets/report": ({ data }) => {
    scan(data.spec);
    return {
      checked: 4096,
      all: false,
      unreadable: {
        count: 1,
        images: [{ path: "/data/mnist/train/3/00007.png", split: "train", reason: "the file is cut off" }],
      },
      unreadable_classes: [],
      turned: 3,
      median_size: { width: 28, height: 28 },
      depth: spec_range(data.spec)
        ? { images: 5, dark: 0, bits: 16, lowest: 3, highest: 4011, suggested: [] }
        : { images: 5, dark: 5, bits: 16, lowest: 3, highest: 4011, suggested: [0, 4095] },
      bytes: 38e6,
      free_bytes: 64e9,
      seconds: 9,
      imbalance: { ratio: 1.24, verdict: "even" },
      duplicates: {
        compared: 60000,
        all: true,
        groups: 0,
        images: 0,
        across_splits: 0,
        contradicting: 0,
        examples: [],
      },
    };
  },
  "POST /datasets/resize-example": ({ data }) => {
    scan(data.spec);
    return {
      image: "/data/mnist/train/0/00001.png",
      width: 28,
      height: 28,
      channels: 1,
      modes: ["squash", "crop", "fill", "half_crop"].map((mode, i) => ({
        mode,
        bytes: 312 + i,
        data: image_url(i),
      })),
    };
  },
  "POST /datasets/:id/augment-example": ({ state, entry }) => augmented(task_of(state, entry().job)),
  "GET /datasets/:id/exports": ({ state, entry }) => ({
    formats: [
      {
        name: "folders",
        title: "Class folders",
        help: "A folder for each class, and lists of files and class numbers",
      },
      {
        name: "webdataset",
        title: "WebDataset",
        help: "Tar files whose members share a key: the image and its target",
      },
    ],
    items: [...state.entries.values()]
      .map(({ job }) => job)
      .filter(({ kind, parents }) => kind === "export" && parents[0] === entry().job.id)
      .reverse(),
  }),
  "POST /datasets/:id/export": ({ state, entry, data }) => {
    const { job } = entry();
    const { format, folder } = data as unknown as { format: string; folder?: string };
    const spec = { dataset_id: job.id, format, folder: folder ?? "" };
    const made = state.add("export", `${job.name}: ${format}`, "", spec as never, [job.id]);
    made.job.state = "done";
    made.job.result = { format, folder: folder || null, file: folder ? null : "export.tar", counts: {} } as never;
    return made.job;
  },
  "POST /datasets": ({ state, data }) => {
    check_name(data.name);
    scan(data.spec);
    const made = state.add("dataset", data.name, data.group ?? "", data.spec);
    state.start(made);
    return made.job;
  },
  "GET /datasets/:id": ({ entry }) => ({ job: entry().job, dataset: entry().job.result ?? null }),
  "GET /datasets/:id/images": ({ state, entry, query }) => {
    const task = task_of(state, entry().job);
    return task === "classification" ? images(query) : samples(task, query);
  },
};

function scan(spec: { source?: { path?: string; train?: string }; image?: { width: number } }): unknown {
  if ((spec.source as { type?: string } | undefined)?.type === "voc") return scan_of_boxes();
  const path = spec.source?.path ?? spec.source?.train ?? "";
  if (path === "") refuse(422, "invalid_argument", "path must be a folder, got nothing", "/spec/source/path");
  if (!path.startsWith("/"))
    refuse(422, "invalid_argument", `path must be absolute, got "${path}"`, "/spec/source/path", "Write it from / on");
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
  return {
    labels,
    splits: splits(),
    unsupported: { count: 12, types: { ".psd": 12 } },
    warnings: ['class "rare" is left out: not enough images (1; at least 2 are needed)'],
  };
}

export function dataset_step(state: MockState, entry: Entry): void {
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
  state.tell_job(entry);
  if (done >= 45000) finish_dataset(state, entry);
}

export function finish_dataset(state: MockState, entry: Entry): void {
  entry.job.started_at ??= now();
  const task = task_of(state, entry.job);
  if (task !== "classification") {
    entry.job.result = dataset_facts(task) as never;
    state.stop(entry, "done");
    return;
  }
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
  state.stop(entry, "done");
}

function spec_range(spec: object): boolean {
  const { image } = spec as { image?: { value_range?: number[] } };
  return (image?.value_range ?? []).length > 0;
}

function splits(): Record<string, unknown> {
  return {
    train: { count: 45000, db: "train_db", list: "train.txt", per_class },
    val: { count: 15000, db: "val_db", list: "val.txt", per_class: per_class.map((count) => Math.round(count / 3)) },
  };
}

function images(query: URLSearchParams): unknown {
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

function augmented(task: string): unknown {
  const target = (record: number) =>
    task === "detection"
      ? { width, height, boxes: boxes(record) }
      : { width, height, mask: data_url("image/png", mask(record)) };
  if (task === "detection" || task === "segmentation")
    return {
      width,
      height,
      images: [0, 1, 2, 3].map((record) => ({
        record,
        label: -1,
        original: data_url("image/svg+xml", scene(record)),
        variants: [1, 2, 3, 4, 5].map((variant) => data_url("image/svg+xml", scene(record * 7 + variant))),
        original_target: target(record),
        variant_targets: [1, 2, 3, 4, 5].map((variant) => target(record * 7 + variant)),
      })),
    };
  return {
    width: 28,
    height: 28,
    images: [0, 1, 2, 3].map((record) => ({
      record,
      label: record,
      original: image_url(record),
      variants: [1, 2, 3, 4, 5].map((variant) => image_url(record * 7 + variant)),
    })),
  };
}

function recognized(folder: string): unknown {
  if (!folder.includes("BCCD")) return { folder, found: [] };
  return {
    folder,
    found: [
      {
        format: "voc",
        title: "Pascal VOC",
        task: "detection",
        folder,
        text: "Pascal VOC, 364 images, 3 classes, ImageSets found",
        source: {
          type: "voc",
          annotations: `${folder}/Annotations`,
          images: `${folder}/JPEGImages`,
          sets: `${folder}/ImageSets/Main`,
        },
        images: 364,
        classes: 3,
        labels: scene_labels,
        notes: [],
        error: null,
      },
      {
        format: "celeba",
        title: "CelebA",
        task: "",
        folder: `${folder}/faces`,
        text: "CelebA, 20 images",
        source: null,
        notes: [],
        error: null,
      },
    ],
  };
}

function proposed(folder: string): unknown {
  if (folder.includes("missing")) refuse(422, "invalid_argument", `there is no folder ${folder}`, "/folder");
  return {
    format: "Folders of classes",
    task: "classification",
    dataset: {
      type: "classification",
      source: { type: "folder", path: folder },
      image: { width: 28, height: 28, channels: 3, resize: "squash" },
    },
    model: { epochs: 5, network: { standard: "lenet" }, solver: { base_lr: 0.01 } },
    pretrained: null,
    reasons: [
      "The images are small (28 x 28). LeNet is made for small images and trains fast.",
      "In 5 epochs, the network sees about 225000 images.",
    ],
  };
}

function scan_of_boxes(): unknown {
  return {
    labels: scene_labels,
    target: "boxes",
    splits: {
      train: { count: 205, per_class: [200, 180, 190] },
      val: { count: 87, per_class: [80, 70, 75] },
      test: { count: 72, per_class: [70, 60, 65] },
    },
    images: 364,
    boxes: 4888,
    usable_boxes: 4880,
    box_sizes: { width: null, height: null, below: { 8: 0, 16: 1857, 32: 3000 }, points: [] },
    problems: {
      box_empty: { count: 3, items: [{ file: "BloodImage_00343.xml", line: 41, detail: "width is 0" }] },
      box_outside: { count: 5, items: [{ file: "BloodImage_00012.xml", line: 12, detail: "right is 642 of 640" }] },
    },
    errors: [],
    unsupported: { count: 0, types: {} },
    warnings: [],
  };
}
