import type { FormField, ModelSpec, Network, System } from "../api/client";
import {
  decimal,
  fields_by_path,
  number_list,
  optional_number,
  other_fields,
  put_typed,
  type Typed,
  typed_default,
  typed_number,
  typed_of,
  with_defaults,
} from "../forms/form_fields";
import {
  type AugmentationForm,
  augmentation_of,
  augmentation_places,
  empty_augmentation,
  form_of_augmentation,
  wanted_changes,
} from "./augmentation_form";
import { type LrNumber, type LrOptions, type LrPolicy, lr_numbers } from "./lr_policy";

/** Weights that a job of this server left. */
export interface WeightsOfJob {
  model?: string;
  snapshot?: string;
  pretrained?: string;
  /** Layers of another shape start from scratch. */
  transfer?: boolean;
}

/** The form's fields as they are typed. */
export interface ModelForm extends AugmentationForm {
  name: string;
  group: string;
  dataset_id: string;
  network: "standard" | "previous" | "pretrained" | "custom";
  standard: string;
  /** Id of an earlier model, and which of its weights: `best`, `last`, an iteration, or `none`. */
  previous: string;
  previous_snapshot: string;
  /** Id of a pretrained model. */
  pretrained: string;
  prototxt: string;
  /** Text of a custom network's Python module. */
  python_layers: string;
  /** What an own or a standard network starts from, beside the files of `weights`. */
  starts: WeightsOfJob[];
  epochs: string;
  snapshot_interval: string;
  val_interval: string;
  solver: string;
  base_lr: string;
  policy: LrPolicy;
  gamma: string;
  power: string;
  step_percent: string;
  steps_percent: string;
  momentum: string;
  weight_decay: string;
  rms_decay: string;
  batch_size: string;
  val_batch_size: string;
  batch_accumulation: string;
  mean: "image" | "pixel" | "none";
  crop_size: string;
  seed: string;
  threads: string;
  precision: "fp32" | "tf32" | "bf16" | "fp16";
  weights: string;
  /** Fields that the page draws from their declaration alone. */
  others: Typed;
}

/** Before the server's defaults are known. */
const blank_form: ModelForm = {
  ...empty_augmentation,
  name: "",
  group: "",
  dataset_id: "",
  network: "standard",
  standard: "lenet",
  previous: "",
  previous_snapshot: "best",
  pretrained: "",
  prototxt: "",
  python_layers: "",
  starts: [],
  epochs: "",
  snapshot_interval: "",
  val_interval: "",
  solver: "SGD",
  base_lr: "",
  policy: "step",
  gamma: "",
  power: "",
  step_percent: "",
  steps_percent: "",
  momentum: "",
  weight_decay: "",
  rms_decay: "",
  batch_size: "",
  val_batch_size: "",
  batch_accumulation: "",
  mean: "image",
  crop_size: "",
  seed: "",
  threads: "",
  precision: "fp32",
  weights: "",
  others: {},
};

/** Where each field stands in the request, for the server's errors. */
export const model_places: Partial<Record<keyof ModelForm, string>> = {
  ...augmentation_places,
  name: "/name",
  group: "/group",
  dataset_id: "/spec/dataset_id",
  standard: "/spec/network/standard",
  previous: "/spec/network/model",
  pretrained: "/spec/network/pretrained",
  prototxt: "/spec/network/prototxt",
  python_layers: "/spec/network/python_layers",
  epochs: "/spec/epochs",
  snapshot_interval: "/spec/snapshot_interval",
  val_interval: "/spec/val_interval",
  solver: "/spec/solver/type",
  base_lr: "/spec/solver/base_lr",
  policy: "/spec/solver/lr_policy",
  gamma: "/spec/solver/gamma",
  power: "/spec/solver/power",
  step_percent: "/spec/solver/step_percent",
  steps_percent: "/spec/solver/steps_percent",
  momentum: "/spec/solver/momentum",
  weight_decay: "/spec/solver/weight_decay",
  rms_decay: "/spec/solver/rms_decay",
  batch_size: "/spec/batch_size",
  val_batch_size: "/spec/val_batch_size",
  batch_accumulation: "/spec/batch_accumulation",
  mean: "/spec/mean",
  crop_size: "/spec/crop_size",
  seed: "/spec/seed",
  threads: "/spec/threads",
  precision: "/spec/precision",
  weights: "/spec/weights",
};

/** What the numbers of a learning rate policy are where they are left out. */
export function policy_defaults(fields: FormField[], policy: LrPolicy): Partial<Record<LrNumber, string>> {
  const declared = fields_by_path(fields);
  const defaults = lr_numbers[policy].flatMap((name) => {
    const field = declared.get(`/solver/${name}`);
    const value = field?.default_by?.values[policy];
    return field && value !== undefined ? [[name, typed_default({ ...field, default: value })]] : [];
  });
  return Object.fromEntries(defaults) as Partial<Record<LrNumber, string>>;
}

/** Fields whose default the network, the policy or a rule decides stay empty, but for those of the policy. */
export function empty_model_form(fields: FormField[]): ModelForm {
  const form = with_defaults(blank_form, model_places, fields_by_path(fields), ["threads"]);
  return { ...form, standard: blank_form.standard, ...policy_defaults(fields, form.policy) };
}

function network_of(form: ModelForm): Record<string, string> {
  switch (form.network) {
    case "standard":
      return { standard: form.standard };
    case "previous":
      return { model: form.previous };
    case "pretrained":
      return { pretrained: form.pretrained };
    case "custom":
      if (other_framework(form)) return {};
      return form.python_layers.trim() === ""
        ? { prototxt: form.prototxt }
        : { prototxt: form.prototxt, python_layers: form.python_layers };
  }
}

/** What the network itself brings. */
function starts_of(form: ModelForm): WeightsOfJob[] {
  if (form.network === "custom") return form.starts;
  if (form.network === "standard") return form.starts.filter(({ transfer }) => transfer);
  if (form.network === "pretrained") return [{ pretrained: form.pretrained }];
  if (form.network === "previous" && form.previous_snapshot !== "none")
    return [{ model: form.previous, snapshot: form.previous_snapshot }];
  return [];
}

/** Whether a network is chosen, so that it can be checked: a standard one only if it is among those of the dataset. */
export function has_network(form: ModelForm, standard: readonly Network[] | undefined): boolean {
  if (form.network === "standard") return (standard ?? []).some(({ name }) => name === form.standard);
  if (other_framework(form)) return (form.others["/network/text"] ?? "").trim() !== "";
  return Object.values(network_of(form)).some((value) => value.trim() !== "");
}

/** What an own network is written for, where that is not Caffe. */
export function other_framework(form: ModelForm): string | null {
  const framework = form.others["/network/framework"] ?? "";
  return form.network !== "custom" || framework === "" || framework === "caffe" ? null : framework;
}

export function other_model_fields(fields: FormField[]): FormField[] {
  return other_fields(fields, model_places);
}

/** What a training can run on: any, the processor, or one GPU. */
export function device_choices(
  devices: System["devices"],
  t: (key: "device.any") => string,
): { value: string; label: string }[] {
  return [
    { value: "", label: t("device.any") },
    ...devices.map(({ id, name }) => ({ value: id, label: `${id} · ${name}` })),
  ];
}

/** What an own network of another framework is, belongs to no other network. */
function is_used(form: ModelForm): (field: FormField) => boolean {
  const framework = other_framework(form);
  return ({ path }) => !path.startsWith("/network/") || framework !== null;
}

export function model_spec(form: ModelForm, fields: FormField[] = []): ModelSpec {
  const used = lr_numbers[form.policy];
  const solver: Record<string, unknown> = {
    type: form.solver,
    base_lr: typed_number(decimal(form.base_lr)),
    lr_policy: form.policy,
  };
  for (const name of ["gamma", "power", "step_percent"] as const) {
    if (used.includes(name)) solver[name] = typed_number(form[name]);
  }
  if (used.includes("steps_percent")) solver.steps_percent = number_list(form.steps_percent);
  for (const name of ["momentum", "weight_decay"] as const) {
    if (form[name].trim() !== "") solver[name] = typed_number(form[name]);
  }
  if (form.solver === "RMSProp" && form.rms_decay.trim() !== "") solver.rms_decay = typed_number(form.rms_decay);
  const spec: Record<string, unknown> = {
    network: network_of(form),
    solver,
    epochs: typed_number(form.epochs),
    snapshot_interval: optional_number(form.snapshot_interval, 0),
    val_interval: optional_number(form.val_interval, 0),
    batch_size: optional_number(form.batch_size, null),
    val_batch_size: optional_number(form.val_batch_size, null),
    batch_accumulation: optional_number(form.batch_accumulation, 1),
    mean: form.mean,
    crop_size: optional_number(form.crop_size, null),
    seed: optional_number(form.seed, null),
    threads: optional_number(form.threads, 0),
    precision: form.precision,
    weights: [
      ...starts_of(form),
      ...form.weights
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== ""),
    ],
  };
  if (wanted_changes(form).length > 0) spec.augmentation = augmentation_of(form);
  if (form.dataset_id !== "") spec.dataset_id = form.dataset_id;
  put_typed(spec, other_model_fields(fields).filter(is_used(form)), form.others);
  // Nothing can be frozen or slowed down that starts from scratch.
  if ((spec.weights as unknown[]).length === 0)
    for (const name of ["freeze_percent", "freeze_to", "trunk_rate"])
      delete (spec.solver as Record<string, unknown>)[name];
  return spec as unknown as ModelSpec;
}

/** What the preview of the learning rate needs; null while a number is missing. */
export function lr_options(form: ModelForm): LrOptions | null {
  const number = (text: string) => (text.trim() === "" ? Number.NaN : Number(text));
  const options: LrOptions = {
    base_lr: number(decimal(form.base_lr)),
    policy: form.policy,
    gamma: number(form.gamma),
    power: number(form.power),
    step_percent: number(form.step_percent),
    steps_percent: number_list(form.steps_percent).map(Number),
    warmup_percent: Number(form.others["/solver/warmup_percent"]) || 0,
  };
  const used = lr_numbers[form.policy];
  const usable =
    options.base_lr > 0 &&
    (!used.includes("gamma") || Number.isFinite(options.gamma)) &&
    (!used.includes("power") || Number.isFinite(options.power)) &&
    (!used.includes("step_percent") || options.step_percent > 0) &&
    (!used.includes("steps_percent") || options.steps_percent.every(Number.isFinite));
  return usable ? options : null;
}

/** What a standard network wants of the other fields. `others`: those of the form, which keep what it does not name. */
export function defaults_of(network: Network | undefined, others: Typed = {}): Partial<ModelForm> {
  if (!network) return {};
  const { network: _, dataset_id: __, ...rest } = network.defaults as Record<string, unknown>;
  const fields = fields_of_spec(rest);
  const warmup = (rest.solver as { warmup_percent?: number } | undefined)?.warmup_percent;
  return warmup === undefined ? fields : { ...fields, others: { ...others, "/solver/warmup_percent": String(warmup) } };
}

function fields_of_spec(spec: Record<string, unknown>): Partial<ModelForm> {
  const fields: Partial<Record<keyof ModelForm, string>> = {};
  const take = (from: Record<string, unknown>, names: (keyof ModelForm)[]) => {
    for (const name of names) {
      if (name in from) fields[name] = from[name] === null || from[name] === undefined ? "" : String(from[name]);
    }
  };
  take(spec, ["epochs", "snapshot_interval", "val_interval", "batch_size", "val_batch_size", "batch_accumulation"]);
  take(spec, ["mean", "crop_size", "seed", "dataset_id", "precision"]);
  if (typeof spec.threads === "number") fields.threads = spec.threads === 0 ? "" : String(spec.threads);
  if (Array.isArray(spec.weights)) fields.weights = spec.weights.filter((one) => typeof one === "string").join("\n");
  const solver = (spec.solver ?? {}) as Record<string, unknown>;
  if (typeof solver.type === "string") fields.solver = solver.type;
  if (typeof solver.lr_policy === "string") fields.policy = solver.lr_policy;
  take(solver, ["base_lr", "gamma", "power", "step_percent", "momentum", "weight_decay", "rms_decay"]);
  if (Array.isArray(solver.steps_percent)) fields.steps_percent = solver.steps_percent.join(", ");
  return { ...fields, ...form_of_augmentation(spec.augmentation) } as Partial<ModelForm>;
}

/** The form of an existing model, to make another like it. */
export function form_of_model(
  name: string,
  group: string,
  spec: Record<string, unknown>,
  declared: FormField[],
): ModelForm {
  const network = (spec.network ?? {}) as StoredNetwork;
  const starts = weights_of(spec).map(({ path: _, ...one }) => one);
  const empty = empty_model_form(declared);
  const form: ModelForm = {
    ...empty,
    ...fields_of_spec(spec),
    others: typed_of(spec, other_model_fields(declared)),
    name,
    group,
    network: "standard",
    standard: network.standard ?? empty.standard,
    prototxt: network.prototxt ?? "",
    python_layers: network.python_layers ?? "",
  };
  if (network.pretrained !== undefined && starts.some((one) => one.pretrained === network.pretrained))
    return { ...form, network: "pretrained", pretrained: network.pretrained, prototxt: "", python_layers: "" };
  if (network.model !== undefined) {
    const snapshot = starts.find((one) => one.model === network.model)?.snapshot ?? "none";
    const previous = { previous: network.model, previous_snapshot: snapshot, prototxt: "", python_layers: "" };
    return { ...form, network: "previous", ...previous };
  }
  return network.prototxt === undefined ? { ...form, starts } : { ...form, network: "custom", starts };
}

interface StoredNetwork {
  standard?: string;
  prototxt?: string;
  python_layers?: string;
  model?: string;
  pretrained?: string;
}

/** Weights of jobs, with the file that the model keeps of them. */
function weights_of(spec: Record<string, unknown>): (WeightsOfJob & { path?: string })[] {
  const all = Array.isArray(spec.weights) ? (spec.weights as unknown[]) : [];
  return all.filter((one): one is WeightsOfJob & { path?: string } => typeof one === "object" && one !== null);
}

/** The jobs that a spec refers to beside its dataset. */
export function sources_of(spec: Record<string, unknown>): string[] {
  const { model, pretrained } = (spec.network ?? {}) as StoredNetwork;
  const ids = [model, pretrained, ...weights_of(spec).flatMap((one) => [one.model, one.pretrained])];
  return [...new Set(ids.filter((id) => id !== undefined))];
}

/** The same without jobs that are gone: the text and the files that the model has kept stand for them. */
export function without_sources(spec: Record<string, unknown>, gone: ReadonlySet<string>): Record<string, unknown> {
  const is_gone = ({ model, pretrained }: WeightsOfJob) => gone.has(model ?? "") || gone.has(pretrained ?? "");
  const network = (spec.network ?? {}) as StoredNetwork;
  return {
    ...spec,
    network: is_gone(network) ? { prototxt: network.prototxt, python_layers: network.python_layers } : network,
    weights: (Array.isArray(spec.weights) ? (spec.weights as unknown[]) : []).map((one) =>
      typeof one === "object" && one !== null && is_gone(one as WeightsOfJob) ? (one as { path?: string }).path : one,
    ),
  };
}
