import type { DatasetSpec, FormField } from "../api/client";
import {
  fields_by_path,
  has_required,
  names_place,
  optional_number,
  other_fields,
  put_typed,
  type Typed,
  typed_number,
  typed_of,
  with_defaults,
} from "../forms/form_fields";

/** The tasks that the pages have words for, in their order. */
const known_tasks = ["classification", "detection", "segmentation", "processing", "regression", "multilabel"];

/** The sources that the page draws itself, all of classes, and those of the same kind that it does not offer. */
const known_sources = ["folder", "lists", "crops", "mnist"];

/** The form's fields as they are typed. */
export interface DatasetForm {
  name: string;
  group: string;
  /** The folder of "What do you have?", and the one whose dataset has filled the form. */
  have: string;
  have_filled: string;
  /** What networks learn from it. */
  task: string;
  /** `folder`, `upload`, `lists`, `crops`, or the name of another declared source. */
  source: string;
  /** Fields that the page draws from their declaration alone. */
  others: Typed;
  path: string;
  /** Where what was sent lies on the server's machine. */
  uploaded: string;
  /** What was sent is called, by its folder on the server's machine, which has no name of its own. */
  upload_names: Record<string, string>;
  own_val: boolean;
  val_path: string;
  own_test: boolean;
  test_path: string;
  percent_val: string;
  percent_test: string;
  min_per_class: string;
  max_per_class: string;
  val_min_per_class: string;
  val_max_per_class: string;
  test_min_per_class: string;
  test_max_per_class: string;
  list_train: string;
  list_val: string;
  list_test: string;
  list_labels: string;
  list_root: string;
  crops: string;
  width: string;
  height: string;
  channels: "1" | "3";
  resize: "squash" | "crop" | "fill" | "half_crop" | "none";
  backend: "lmdb" | "hdf5";
  encoding: "none" | "png" | "jpeg";
  mean: boolean;
  shuffle: boolean;
  seed: string;
  threads: string;
}

/** Before the server's defaults are known. */
const blank_form: DatasetForm = {
  name: "",
  group: "",
  have: "",
  have_filled: "",
  task: "classification",
  source: "folder",
  others: {},
  path: "",
  uploaded: "",
  upload_names: {},
  own_val: false,
  val_path: "",
  own_test: false,
  test_path: "",
  percent_val: "",
  percent_test: "",
  min_per_class: "",
  max_per_class: "",
  val_min_per_class: "",
  val_max_per_class: "",
  test_min_per_class: "",
  test_max_per_class: "",
  list_train: "",
  list_val: "",
  list_test: "",
  list_labels: "",
  list_root: "",
  crops: "",
  width: "",
  height: "",
  channels: "3",
  resize: "squash",
  backend: "lmdb",
  encoding: "png",
  mean: true,
  shuffle: true,
  seed: "",
  threads: "",
};

/** Where each field stands in the request, for the server's errors. */
export const dataset_places: Partial<Record<keyof DatasetForm, string>> = {
  name: "/name",
  group: "/group",
  path: "/spec/source/path",
  val_path: "/spec/source/val_path",
  test_path: "/spec/source/test_path",
  percent_val: "/spec/source/percent_val",
  percent_test: "/spec/source/percent_test",
  min_per_class: "/spec/source/min_per_class",
  max_per_class: "/spec/source/max_per_class",
  val_min_per_class: "/spec/source/val_min_per_class",
  val_max_per_class: "/spec/source/val_max_per_class",
  test_min_per_class: "/spec/source/test_min_per_class",
  test_max_per_class: "/spec/source/test_max_per_class",
  list_train: "/spec/source/train",
  list_val: "/spec/source/val",
  list_test: "/spec/source/test",
  list_labels: "/spec/source/labels",
  list_root: "/spec/source/root",
  crops: "/spec/source/crops",
  width: "/spec/image/width",
  height: "/spec/image/height",
  channels: "/spec/image/channels",
  resize: "/spec/image/resize",
  backend: "/spec/storage/backend",
  encoding: "/spec/storage/encoding",
  mean: "/spec/mean",
  shuffle: "/spec/shuffle",
  seed: "/spec/seed",
  threads: "/spec/threads",
};

export function empty_dataset_form(fields: FormField[]): DatasetForm {
  return with_defaults(blank_form, dataset_places, fields_by_path(fields), ["max_per_class", "threads"]);
}

/** The declared sources that the page draws from their declaration alone. */
export function other_sources(fields: FormField[]): FormField["variants"] {
  const source = fields.find(({ path }) => path === "/source");
  return (source?.variants ?? []).filter(({ name }) => !known_sources.includes(name));
}

/** The tasks that there is a source for. */
export function dataset_tasks(fields: FormField[]): string[] {
  const source = fields.find(({ path }) => path === "/source");
  const found = new Set((source?.variants ?? []).flatMap(({ tasks }) => tasks));
  return [...known_tasks.filter((task) => found.delete(task)), ...found];
}

/** What the dataset will be for: the chosen task, where its source is for that. */
export function task_of(form: DatasetForm, fields: FormField[]): string {
  const other = other_source(form, fields);
  if (!other) return "classification";
  return other.tasks.includes(form.task) ? form.task : (other.tasks[0] ?? "classification");
}

/** The names of the sources of a task, those first that have a form of their own. */
export function sources_for(fields: FormField[], task: string): string[] {
  const others = other_sources(fields).filter(({ tasks }) => tasks.includes(task));
  return [
    ...(task === "classification" ? ["folder", "upload", "lists", "crops"] : []),
    ...others.map(({ name }) => name),
  ];
}

/**
 * The form with another source; null where this page has none of this kind. What the images become stays, but for
 * their `channels` where these are known.
 */
export function with_source(
  form: DatasetForm,
  task: string,
  source: Record<string, unknown>,
  fields: FormField[],
  channels?: number | null,
): DatasetForm | null {
  if (!sources_for(fields, task).includes(String(source.type))) return null;
  const filled = form_of_dataset(form.name, form.group, { type: task, source }, fields);
  const { have, have_filled, upload_names } = form;
  const { width, height, resize, backend, encoding, mean, shuffle, seed, threads } = form;
  return {
    ...filled,
    ...{ have, have_filled, upload_names },
    ...{ width, height, resize, backend, encoding, mean, shuffle, seed, threads },
    channels: channels === 1 ? "1" : channels === 3 ? "3" : form.channels,
    others: { ...without_source(form.others), ...filled.others },
  };
}

/** What another folder had in the fields of a source says nothing of this one. */
function without_source(others: Typed): Typed {
  return Object.fromEntries(Object.entries(others).filter(([path]) => !path.startsWith("/source/")));
}

/** Of the storage and the dataset as a whole. */
export function other_dataset_fields(fields: FormField[]): FormField[] {
  const own = other_fields(fields, dataset_places);
  return own.filter(({ path }) => !path.startsWith("/source/"));
}

export function other_source(form: DatasetForm, fields: FormField[]): FormField["variants"][number] | undefined {
  return other_sources(fields).find(({ name }) => name === form.source);
}

/** What was sent lies in a folder of the server's machine, too. */
function is_folder(form: DatasetForm): boolean {
  return form.source === "folder" || form.source === "upload";
}

export function dataset_spec(form: DatasetForm, fields: FormField[] = []): DatasetSpec {
  const other = other_source(form, fields);
  const shares = {
    percent_val: form.own_val && is_folder(form) ? 0 : optional_number(form.percent_val, 0),
    percent_test: form.own_test && is_folder(form) ? 0 : optional_number(form.percent_test, 0),
    min_per_class: optional_number(form.min_per_class, 1),
    max_per_class: optional_number(form.max_per_class, 0),
  };
  const source = other
    ? { type: other.name }
    : form.source === "crops"
      ? { type: "crops", crops: form.crops.trim(), root: form.list_root.trim(), ...shares }
      : is_folder(form)
        ? {
            type: "folder",
            path: form.source === "upload" ? form.uploaded : form.path.trim(),
            val_path: form.own_val ? form.val_path.trim() : "",
            test_path: form.own_test ? form.test_path.trim() : "",
            ...shares,
            ...own_limits(form),
          }
        : {
            type: "lists",
            train: form.list_train.trim(),
            val: form.list_val.trim(),
            test: form.list_test.trim(),
            labels: form.list_labels.trim(),
            root: form.list_root.trim(),
          };
  const spec = {
    type: task_of(form, fields),
    source,
    image: {
      width: typed_number(form.width),
      height: typed_number(form.height),
      channels: Number(form.channels),
      resize: form.resize,
    },
    storage: { backend: form.backend, encoding: form.backend === "hdf5" ? "none" : form.encoding },
    mean: form.mean,
    shuffle: form.shuffle,
    seed: optional_number(form.seed, 1),
    threads: optional_number(form.threads, 0),
  };
  put_typed(spec, [...(other?.fields ?? []), ...other_dataset_fields(fields)], form.others);
  return spec as DatasetSpec;
}

/** Limits of folders of their own; an empty field means as for the training folder. */
function own_limits(form: DatasetForm): Record<string, unknown> {
  const limits: Record<string, unknown> = {};
  for (const split of ["val", "test"] as const) {
    if (!form[`own_${split}`]) continue;
    for (const name of ["min_per_class", "max_per_class"] as const) {
      const typed = form[`${split}_${name}`];
      if (typed.trim() !== "") limits[`${split}_${name}`] = typed_number(typed);
    }
  }
  return limits;
}

/** Enough is typed to ask the server what it would find. */
export function can_scan(form: DatasetForm, fields: FormField[]): boolean {
  const other = other_source(form, fields);
  if (other) return has_required(other.fields, form.others) && names_place(other.fields, form.others);
  if (form.source === "crops") return form.crops.trim() !== "";
  if (form.source === "upload") return form.uploaded !== "";
  return is_folder(form) ? form.path.trim() !== "" : form.list_train.trim() !== "" && form.list_labels.trim() !== "";
}

/** The form of an existing dataset, to make another like it. */
export function form_of_dataset(
  name: string,
  group: string,
  spec: Record<string, unknown>,
  fields: FormField[],
): DatasetForm {
  const source = (spec.source ?? {}) as Record<string, unknown>;
  const image = (spec.image ?? {}) as Record<string, unknown>;
  const storage = (spec.storage ?? {}) as Record<string, unknown>;
  const text = (value: unknown, otherwise: string) =>
    value === undefined || value === null ? otherwise : String(value);
  const none = (value: unknown) => (value === 0 || value === undefined ? "" : String(value));
  const empty = empty_dataset_form(fields);
  const form: DatasetForm = {
    ...empty,
    name,
    group,
    width: text(image.width, empty.width),
    height: text(image.height, empty.height),
    channels: text(image.channels, empty.channels) as DatasetForm["channels"],
    resize: text(image.resize, empty.resize) as DatasetForm["resize"],
    backend: text(storage.backend, empty.backend) as DatasetForm["backend"],
    encoding: text(storage.encoding, empty.encoding) as DatasetForm["encoding"],
    mean: spec.mean !== false,
    shuffle: spec.shuffle !== false,
    seed: text(spec.seed, empty.seed),
    threads: none(spec.threads),
    others: typed_of(spec, other_dataset_fields(fields)),
  };
  const other = other_sources(fields).find((one) => one.name === source.type);
  if (other)
    return {
      ...form,
      task: text(spec.type, other.tasks[0] ?? empty.task),
      source: other.name,
      others: { ...form.others, ...typed_of(spec, other.fields) },
    };
  if (source.type === "lists") {
    return {
      ...form,
      source: "lists",
      list_train: text(source.train, ""),
      list_val: text(source.val, ""),
      list_test: text(source.test, ""),
      list_labels: text(source.labels, ""),
      list_root: text(source.root, ""),
    };
  }
  if (source.type === "crops") {
    return {
      ...form,
      source: "crops",
      crops: text(source.crops, ""),
      list_root: text(source.root, ""),
      percent_val: text(source.percent_val, empty.percent_val),
      percent_test: text(source.percent_test, empty.percent_test),
      min_per_class: text(source.min_per_class, empty.min_per_class),
      max_per_class: none(source.max_per_class),
    };
  }
  return {
    ...form,
    path: text(source.path, ""),
    val_path: text(source.val_path, ""),
    own_val: Boolean(source.val_path),
    test_path: text(source.test_path, ""),
    own_test: Boolean(source.test_path),
    percent_val: source.val_path ? empty.percent_val : text(source.percent_val, empty.percent_val),
    percent_test: source.test_path ? empty.percent_test : text(source.percent_test, empty.percent_test),
    min_per_class: text(source.min_per_class, empty.min_per_class),
    max_per_class: none(source.max_per_class),
    val_min_per_class: text(source.val_min_per_class, ""),
    val_max_per_class: text(source.val_max_per_class, ""),
    test_min_per_class: text(source.test_min_per_class, ""),
    test_max_per_class: text(source.test_max_per_class, ""),
  };
}

/** Says nothing of the dataset. */
const generic_name =
  /^((train|val|test|instances)(\w*)|training|validation|images?(_\d)?|jpegimages|photos?|annotations?|labels?(_\d)?|masks?|inputs?|targets?|outputs?|data)(\.\w+)?$/i;

/** The first path in the fields of the chosen source, in the order in which they are asked for. */
function first_place(form: DatasetForm, fields: FormField[]): string | undefined {
  return other_source(form, fields)
    ?.fields.map(({ path }) => form.others[path] ?? "")
    .find((value) => value.startsWith("/"));
}

/** A path with what was sent called as it was on its own computer. */
function with_upload_name(path: string, names: Record<string, string>): string {
  const folder = Object.keys(names).find((place) => path === place || path.startsWith(`${place}/`));
  return folder === undefined ? path : `/${names[folder]}${path.slice(folder.length)}`;
}

/** A name from what was chosen: `/data/mnist/train` → "mnist". Empty when nothing is chosen. */
export function suggested_name(form: DatasetForm, fields: FormField[]): string {
  const own = { folder: form.path, upload: form.uploaded, lists: form.list_train, crops: form.crops };
  const path = form.source in own ? own[form.source as keyof typeof own] : first_place(form, fields);
  return name_of_path(with_upload_name(path ?? "", form.upload_names));
}

/** The last part of a path that says something. */
export function name_of_path(path: string): string {
  const parts = path.split("/").filter((part) => part !== "");
  const said = [...parts].reverse().find((part) => !generic_name.test(part));
  return (said ?? parts.at(-1) ?? "").replace(/\.(txt|csv|tsv|lst|json|zip|tar|tgz|tar\.(gz|bz2|xz))$/i, "");
}
