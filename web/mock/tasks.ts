import type { Job } from "../src/api/client.ts";
import { image } from "./images.ts";
import { refuse } from "./refusal.ts";
import {
  boxes,
  data_url,
  detections,
  height,
  mask,
  mask_labels,
  palette,
  scene,
  scene_labels,
  scenes,
  width,
} from "./scenes.ts";
import type { Entry, MockState } from "./state.ts";

/** Datasets, models and evaluations of boxes, masks and images. */

export type Task = "classification" | "detection" | "segmentation" | "processing";

/** The task of a dataset, and of a model or an evaluation by the dataset that it descends from. */
export function task_of(state: MockState, job: Job): Task {
  const type = (job.result as { type?: Task } | null)?.type ?? (job.spec as { type?: Task } | null)?.type;
  if (job.kind === "dataset") return type ?? "classification";
  const parent = state.entries.get(job.parents[0] ?? "");
  return parent ? task_of(state, parent.job) : "classification";
}

const targets = { detection: "boxes", segmentation: "mask", processing: "image" } as const;

export function dataset_facts(task: Exclude<Task, "classification">): unknown {
  const labels = task === "detection" ? scene_labels : task === "segmentation" ? mask_labels : [];
  const split = (name: string, from: number, to: number) => {
    const indices = Array.from({ length: to - from }, (_, i) => from + i);
    const count = (index: number) =>
      indices.reduce((sum, i) => sum + boxes(i).filter((one) => one.class === index).length, 0);
    const objects = scene_labels.map((_, index) => count(index));
    return {
      count: to - from,
      db: `${name}_db`,
      label_db: `${name}_labels_db`,
      list: `${name}.txt`,
      per_class: [],
      ...(task === "detection" && { boxes_per_class: [...objects, 0], max_boxes: 12 }),
      ...(task === "segmentation" && {
        pixels_per_class: [5_000_000, ...objects.map((n, i) => n * [1256, 3631, 254][i]!), 0],
      }),
    };
  };
  return {
    format: 1,
    type: task,
    target: targets[task],
    image: { width, height, channels: 3, resize: "squash" },
    storage: { backend: "lmdb", encoding: "png" },
    labels,
    palette: task === "segmentation" ? palette : [],
    splits: { train: split("train", 0, 90), val: split("val", 90, scenes) },
    mean_file: null,
    unreadable: { count: 0, file: "unreadable.txt" },
    bytes: 21e6,
    seconds: 2.1,
    images_per_s: 57,
  };
}

export function samples(task: Exclude<Task, "classification">, query: URLSearchParams): unknown {
  const wanted = query.get("class");
  const [first, count] = query.get("split") === "val" ? [90, 30] : [0, 90];
  const has_problem = (index: number) => index % 17 === 3;
  const all = Array.from({ length: count }, (_, i) => i).filter(
    (i) =>
      (wanted === null || boxes(first + i).some((one) => one.class === Number(wanted))) &&
      (query.get("problems") !== "true" || has_problem(i)) &&
      (query.get("size") !== "small" || boxes(first + i).some((one) => one.right - one.left < 32)),
  );
  const from = all.filter((i) => i >= Number(query.get("cursor") ?? 0));
  const limit = Number(query.get("limit") ?? 100);
  return {
    items: from.slice(0, limit).map((index) => ({
      index,
      label: -1,
      label_name: "",
      file: `/data/cells/JPEGImages/${String(first + index).padStart(5, "0")}.jpg`,
      width,
      height,
      channels: 3,
      ...(task === "detection" && { boxes: boxes(first + index) }),
      ...(has_problem(index) && { problems: ["A box reaches out of the image."] }),
    })),
    next_cursor: from[limit] === undefined ? null : String(from[limit]),
    total: all.length,
  };
}

/** An image, or its target, of a dataset or an evaluation. */
export function job_image(state: MockState, { job }: Entry, parts: string[]): string | Buffer {
  const is_target = parts.at(-1) === "target";
  const index = Number(parts.at(is_target ? -2 : -1));
  const task = task_of(state, job);
  if (task === "classification") return image(index);
  const at = job.kind === "evaluation" || parts[3] === "val" ? 90 + index : index;
  if (!is_target) return scene(at, task === "processing");
  if (task === "detection") refuse(404, "not_found", "the targets are boxes");
  return task === "segmentation" ? mask(at) : scene(at);
}

export function answer(task: Exclude<Task, "classification">, name: string): unknown {
  const index = Number(/(\d+)\D*$/.exec(name)?.[1] ?? 95);
  const base = { name, predictions: [], error: null, width, height };
  if (task === "detection")
    return { ...base, view: "boxes", boxes: detections(index).map(({ outcome: _, object: __, ...box }) => box) };
  if (task === "segmentation")
    return {
      ...base,
      view: "mask",
      mask: data_url("image/png", mask(index, 3)),
      classes: mask_labels.map((label, i) => ({ class: i, label, pixels: 1000, share: 0.25, color: palette[i] })),
    };
  return { ...base, view: "image", image: data_url("image/svg+xml", scene(index)) };
}

function row(task: Exclude<Task, "classification">, index: number): Record<string, unknown> {
  const base = { index, image: `/data/cells/JPEGImages/${String(90 + index).padStart(5, "0")}.jpg`, width, height };
  if (task === "segmentation") return { ...base, miou: 0.7 + (index % 7) / 40, pixel_accuracy: 0.95, classes: [] };
  if (task === "processing") return { ...base, psnr: 24 + (index % 9), ssim: 0.8 + (index % 5) / 50, equal: false };
  const found = detections(90 + index);
  const taken = new Set(found.flatMap(({ outcome, object }) => (outcome === "right" ? [object] : [])));
  const objects = boxes(90 + index).map(({ label: _, ...box }, i) => ({
    ...box,
    outcome: taken.has(i) ? "found" : "missed",
  }));
  const right = found.filter(({ outcome }) => outcome === "right").length;
  return {
    ...base,
    right,
    wrong: found.length - right,
    missed: objects.filter(({ outcome }) => outcome === "missed").length,
    boxes: found,
    objects,
  };
}

export function task_predictions(task: Exclude<Task, "classification">, query: URLSearchParams): unknown {
  const number = (name: string) => (query.has(name) ? Number(query.get(name)) : null);
  const [truth, predicted] = [number("truth"), number("predicted")];
  const rows = Array.from({ length: 30 }, (_, i) => row(task, i)).filter((one) => {
    if (task !== "detection" || (truth === null && predicted === null)) return true;
    const objects = one.objects as { class: number; outcome: string }[];
    const found = one.boxes as ReturnType<typeof detections>;
    const marks = [
      ...found.map((box): [number, number] => [box.object === undefined ? 3 : objects[box.object]!.class, box.class]),
      ...objects.flatMap((box): [number, number][] => (box.outcome === "missed" ? [[box.class, 3]] : [])),
    ];
    return marks.some(([t, p]) => (truth === null || t === truth) && (predicted === null || p === predicted));
  });
  const worst = (one: Record<string, unknown>) =>
    task === "detection" ? -(Number(one.wrong) + Number(one.missed)) : Number(one.miou ?? one.psnr);
  if (query.get("sort") === "worst") rows.sort((a, b) => worst(a) - worst(b));
  const from = Number(query.get("cursor") ?? 0);
  const limit = Number(query.get("limit") ?? 100);
  return {
    items: rows.slice(from, from + limit),
    next_cursor: from + limit < rows.length ? String(from + limit) : null,
    total: rows.length,
  };
}

export function task_facts(task: Exclude<Task, "classification">, model_id: string, source: unknown): unknown {
  const base = {
    format: 1,
    view: targets[task],
    model_id,
    snapshot: { iteration: 704, weights: "snapshot_iter_704.caffemodel" },
    source,
    count: 30,
    labelled: 30,
    unreadable: { count: 0, items: [], file: "unreadable.txt" },
    warnings: [],
    seconds: 0.4,
    images_per_s: 75,
  };
  if (task === "processing") return { ...base, labels: [], equal: 1, psnr: 27.43, ssim: 0.841, mse: 118.2 };
  if (task === "segmentation")
    return {
      ...base,
      labels: mask_labels,
      colors: palette,
      miou: 0.7712,
      miou_classes_in_truth: 0.7712,
      pixel_accuracy: 0.9487,
      mean_class_accuracy: 0.8523,
      frequency_weighted_iou: 0.9021,
      valid_pixels: 30 * width * height,
      classes: mask_labels.map((label, index) => ({
        label,
        index,
        pixels: [1_900_000, 260_000, 120_000, 24_000][index],
        predicted: [1_910_000, 250_000, 121_000, 23_000][index],
        iou: [0.94, 0.81, 0.83, 0.5][index],
        dice: [0.97, 0.9, 0.91, 0.67][index],
        accuracy: [0.98, 0.87, 0.9, 0.66][index],
      })),
      confusion: mask_labels.flatMap((_, truth) =>
        mask_labels.map((__, predicted) => [truth, predicted, truth === predicted ? 240_000 : 900 + 300 * predicted]),
      ),
    };
  const thresholds = Array.from({ length: 101 }, (_, i) => i / 100);
  const curve = (index: number, objects: number) => {
    const slope = 1 + index / 2;
    const recall = thresholds.map((at) => Math.max(0, 0.95 * (1 - at ** (3 / slope))));
    const precision = thresholds.map((at) => Math.min(1, 0.35 + at / slope + 0.2));
    return {
      index,
      objects,
      precision_by_recall: thresholds.map((at) => Math.max(0, 1 - at ** (6 / slope))),
      score_by_recall: thresholds.map((at) => 1 - at),
      precision,
      recall,
      f1: thresholds.map((_, i) => (2 * precision[i]! * recall[i]!) / Math.max(1e-9, precision[i]! + recall[i]!)),
    };
  };
  const all = curve(0, 210);
  const best = all.f1.indexOf(Math.max(...all.f1));
  const numbers = (ap: number) => ({
    AP: ap,
    AP50: Math.min(1, ap * 1.5),
    AP75: ap * 1.05,
    AP_small: ap * 0.7,
    AP_medium: ap,
    AP_large: null,
    AR1: ap * 0.5,
    AR10: ap * 1.1,
    AR100: ap * 1.15,
    AR_small: ap * 0.8,
    AR_medium: ap * 1.1,
    AR_large: null,
  });
  return {
    ...base,
    ...numbers(0.481),
    labels: scene_labels,
    detections: 400,
    iou: 0.5,
    threshold: thresholds[best],
    objects: 210,
    precision: all.precision[best],
    recall: all.recall[best],
    f1: all.f1[best],
    background: 3,
    classes: scene_labels.map((label, index) => ({
      label,
      index,
      objects: [160, 28, 22][index],
      right: [140, 25, 12][index],
      wrong: [20, 2, 9][index],
      precision: [0.875, 0.926, 0.571][index],
      recall: [0.875, 0.893, 0.545][index],
      f1: [0.875, 0.909, 0.558][index],
      ...numbers([0.52, 0.61, 0.31][index]!),
    })),
    curves: { thresholds, all, classes: [curve(0, 160), curve(1, 28), curve(2, 22)] },
    confusion: [
      [0, 0, 140],
      [0, 1, 3],
      [0, 3, 17],
      [1, 1, 25],
      [1, 3, 3],
      [2, 2, 12],
      [2, 0, 1],
      [2, 3, 9],
      [3, 0, 16],
      [3, 1, 2],
      [3, 2, 9],
    ],
  };
}

/** What models of a task are judged by, at the end of a made-up training. */
export const judged = {
  detection: { mAP: 0.481, mAP50: 0.779 },
  segmentation: { miou: 0.7712, "pixel accuracy": 0.9487 },
  processing: { psnr: 27.43, ssim: 0.841 },
} as const;
