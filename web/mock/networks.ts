import type { ModelSpec } from "../src/api/client.ts";
import forms from "../src/api/forms.json" with { type: "json" };
import type { Routes } from "./route.ts";

export const lenet = `name: "LeNet"
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

export const routes: Routes = {
  "GET /forms/dataset": () => with_boxes(forms.dataset),
  "GET /forms/model": () => forms.model,
  "GET /forms/evaluation": () => forms.evaluation,
  "GET /networks": ({ query }) => ({ items: networks[query.get("task") ?? "classification"] ?? [] }),
  "POST /networks/describe": ({ data }) => describe(data.spec as unknown as ModelSpec),
  "POST /models/check": ({ data }) => check(data.spec as unknown as ModelSpec),
};

function check(spec: ModelSpec): unknown {
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

function describe(spec: ModelSpec): unknown {
  const { ok, diagnostics } = check(spec) as { ok: boolean; diagnostics: unknown[] };
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
    memory: { fit: "fits", needed_bytes: 1e9, free_bytes: 12e9, total_bytes: 16e9, largest_batch_size: null },
    snapshots_bytes: 12e6,
    free_disk_bytes: 64e9,
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

/** By task. */
const networks: Record<string, unknown[]> = {
  classification: [
    network("lenet", "LeNet", "Digits and other small grayscale images", 28, 1),
    network("alexnet", "AlexNet", "The classic of 2012", 256, 3),
  ],
  detection: [
    network("detector", "Anchor-free detector", "Objects of any number of classes", 320, 3),
    network("detectnet", "DetectNet", "Objects of one class in photographs", 1248, 3),
  ],
  segmentation: [network("unet", "U-Net", "The class of each pixel", 256, 1)],
  processing: [network("autoencoder", "Autoencoder", "Small images restored", 28, 1)],
};

/** The fields with a source of boxes, also where the program that printed them has none. */
function with_boxes(form: typeof forms.dataset): unknown {
  const fields = form.fields.map((field) => {
    if (field.path !== "/source") return field;
    const variants = field.variants as unknown as { name: string; fields: Record<string, unknown>[] }[];
    if (variants.some(({ name }) => name === "voc")) return field;
    const path = variants.find(({ name }) => name === "folder")!.fields[0]!;
    const place = (name: string, label: string, required: boolean) => ({
      ...path,
      name,
      label,
      required,
      path: `/source/${name}`,
      key: `field.voc_${name}`,
      help: "",
    });
    const voc = {
      name: "voc",
      label: "Pascal VOC",
      help: "A folder with an XML file for each image",
      key: "source.voc",
      tasks: ["detection", "segmentation"],
      fields: [
        place("annotations", "Annotations", true),
        place("images", "Images", true),
        { ...place("sets", "Lists", false), advanced: true },
      ],
    };
    return { ...field, variants: [...variants, voc] };
  });
  return { ...form, fields };
}
