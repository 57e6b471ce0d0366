import { describe, expect, it } from "vitest";
import type { FormField, Network } from "../api/client";
import forms from "../api/forms.json";
import { dataset_spec, form_of_dataset, empty_dataset_form as new_dataset_form } from "../datasets/dataset_form";
import {
  form_of_model as form_of,
  has_network,
  lr_options,
  model_spec,
  empty_model_form as new_model_form,
  policy_defaults,
  sources_of,
  without_sources,
} from "./model_form";

const dataset_fields = forms.dataset.fields as FormField[];
const model_fields = forms.model.fields as FormField[];
const empty_dataset_form = new_dataset_form(dataset_fields);
const empty_model_form = new_model_form(model_fields);
const form_of_model = (name: string, group: string, spec: Record<string, unknown>) =>
  form_of(name, group, spec, model_fields);

describe("where a network comes from", () => {
  const stored = {
    network: { model: "m", prototxt: "layer {}" },
    weights: [{ path: "/jobs/x/uploads/weights_0.caffemodel", model: "m", snapshot: "40" }, "/a.caffemodel"],
  };

  it("is an earlier model with one of its snapshots, or without", () => {
    const form = form_of_model("x", "", stored);
    expect([form.network, form.previous, form.previous_snapshot, form.weights]).toEqual([
      "previous",
      "m",
      "40",
      "/a.caffemodel",
    ]);
    const spec = model_spec(form);
    expect([spec.network, spec.weights]).toEqual([{ model: "m" }, [{ model: "m", snapshot: "40" }, "/a.caffemodel"]]);
    expect(model_spec({ ...form, previous_snapshot: "none" }).weights).toEqual(["/a.caffemodel"]);
  });

  it("is a pretrained model, or a text that keeps its weights", () => {
    const form = { ...empty_model_form, network: "pretrained" as const, pretrained: "p" };
    expect([model_spec(form).network, model_spec(form).weights]).toEqual([{ pretrained: "p" }, [{ pretrained: "p" }]]);
    const custom = { ...form, network: "custom" as const, prototxt: "layer {}", starts: [{ pretrained: "p" }] };
    expect([model_spec(custom).network, model_spec(custom).weights]).toEqual([
      { prototxt: "layer {}" },
      [{ pretrained: "p" }],
    ]);
    expect([has_network(form, undefined), has_network({ ...form, pretrained: "" }, undefined)]).toEqual([true, false]);
  });

  it("is a standard one only where it is among those of the dataset", () => {
    const form = { ...empty_model_form, network: "standard" as const, standard: "lenet" };
    const named = (...names: string[]) => names.map((name) => ({ name }) as Network);
    expect([undefined, [], named("detector"), named("lenet", "alexnet")].map((all) => has_network(form, all))).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  it("of another framework is a text of its own", () => {
    const others = { "/network/framework": "torch", "/network/text": "return network" };
    const form = { ...empty_model_form, network: "custom" as const, prototxt: "layer {}", others };
    expect(model_spec(form, model_fields).network).toEqual({ framework: "torch", text: "return network" });
    expect(has_network(form, undefined)).toBe(true);
    expect(has_network({ ...form, others: { "/network/framework": "torch" } }, undefined)).toBe(false);
    // What was typed for it is left out where the network is another.
    expect(model_spec({ ...form, network: "standard", standard: "lenet" }, model_fields).network).toEqual({
      standard: "lenet",
    });
    expect(model_spec({ ...form, others: {} }, model_fields).network).toEqual({ prototxt: "layer {}" });
  });

  it("is a standard network with the weights of another one", () => {
    const starts = [{ pretrained: "p", transfer: true }];
    const others = { "/solver/freeze_to": "conv1", "/solver/trunk_rate": "0.1" };
    const form = { ...empty_model_form, network: "standard" as const, standard: "detectnet", starts, others };
    const spec = model_spec(form, model_fields);
    expect([spec.network, spec.weights]).toEqual([{ standard: "detectnet" }, starts]);
    expect(spec.solver).toMatchObject({ freeze_to: "conv1", trunk_rate: 0.1 });
    expect(form_of_model("x", "", spec as unknown as Record<string, unknown>).starts).toEqual(starts);
    const without = model_spec({ ...form, starts: [{ pretrained: "p" }] }, model_fields);
    expect(without.weights).toEqual([]);
    expect(without.solver).not.toHaveProperty("freeze_to");
  });

  it("is what the model has kept, when the job is gone", () => {
    expect(sources_of(stored)).toEqual(["m"]);
    const kept = without_sources(stored, new Set(["m"]));
    expect(kept).toEqual({
      network: { prototxt: "layer {}" },
      weights: ["/jobs/x/uploads/weights_0.caffemodel", "/a.caffemodel"],
    });
    expect(without_sources(stored, new Set())).toEqual(stored);
    expect(form_of_model("x", "", kept).network).toBe("custom");
  });
});

describe("model_spec", () => {
  it("leaves to the network what is empty, and sends only what the policy reads", () => {
    const spec = model_spec({ ...empty_model_form, dataset_id: "20261123-101500-3fa9", epochs: "6" });
    expect(spec).toEqual({
      dataset_id: "20261123-101500-3fa9",
      network: { standard: "lenet" },
      solver: { type: "SGD", base_lr: 0.01, lr_policy: "step", step_percent: 33, gamma: 0.1 },
      epochs: 6,
      snapshot_interval: 1,
      val_interval: 1,
      batch_size: null,
      val_batch_size: null,
      batch_accumulation: 1,
      mean: "image",
      crop_size: null,
      seed: null,
      threads: 0,
      precision: "fp32",
      weights: [],
    });
  });

  it("sends what is not a number as it is, for the server to refuse", () => {
    expect(model_spec({ ...empty_model_form, epochs: "many" }).epochs).toBe("many");
  });

  it("comes back from a spec", () => {
    const form = {
      ...empty_model_form,
      name: "x",
      network: "custom" as const,
      prototxt: "layer {}",
      policy: "multistep" as const,
      steps_percent: "10, 20",
      gamma: "0.5",
      seed: "3",
      weights: "/a.caffemodel\n/b.caffemodel",
    };
    expect(model_spec(form_of_model("x", "", model_spec(form) as Record<string, unknown>))).toEqual(model_spec(form));
  });

  it("sends the Python layers of a custom network alone, and finds them again", () => {
    const form = { ...empty_model_form, python_layers: "import caffe", prototxt: "layer {}" };
    expect(model_spec(form).network).toEqual({ standard: "lenet" });
    const spec = model_spec({ ...form, network: "custom" });
    expect(spec.network).toEqual({ prototxt: "layer {}", python_layers: "import caffe" });
    expect(form_of_model("copy", "", spec as unknown as Record<string, unknown>).python_layers).toBe("import caffe");
    const later = { ...spec, network: { ...spec.network, model: "gone" } } as unknown as Record<string, unknown>;
    expect(without_sources(later, new Set(["gone"])).network).toEqual(spec.network);
  });

  it("takes the numbers of a policy from their declaration", () => {
    expect(policy_defaults(model_fields, "multistep")).toEqual({ steps_percent: "50, 85", gamma: "0.5" });
    expect(policy_defaults(model_fields, "poly")).toEqual({ power: "3" });
    expect(policy_defaults(model_fields, "cosine")).toEqual({});
  });

  it("previews no learning rate while a number is missing", () => {
    expect(lr_options({ ...empty_model_form, gamma: "" })).toBeNull();
    expect(lr_options({ ...empty_model_form, step_percent: "0" })).toBeNull();
    expect(lr_options({ ...empty_model_form, policy: "fixed", gamma: "" })).not.toBeNull();
  });
});

describe("dataset_spec", () => {
  it("takes no percentage where there is a folder", () => {
    const spec = dataset_spec({ ...empty_dataset_form, path: " /data/train ", own_val: true, val_path: "/data/val" });
    expect(spec.source).toEqual({
      type: "folder",
      path: "/data/train",
      val_path: "/data/val",
      test_path: "",
      percent_val: 0,
      percent_test: 0,
      min_per_class: 2,
      max_per_class: 0,
    });
  });

  it("comes back from a spec", () => {
    for (const form of [
      { ...empty_dataset_form, path: "/a", width: "28", height: "32", channels: "1" as const, max_per_class: "5" },
      {
        ...empty_dataset_form,
        source: "lists" as const,
        list_train: "/t",
        list_labels: "/l",
        list_root: "/r",
        shuffle: false,
      },
    ]) {
      const spec = dataset_spec(form);
      expect(
        dataset_spec(form_of_dataset("x", "", spec as unknown as Record<string, unknown>, dataset_fields)),
      ).toEqual(spec);
    }
  });

  it("varies images only where that is asked for, and finds the choices again", () => {
    expect(model_spec(empty_model_form)).not.toHaveProperty("augmentation");
    const form = { ...empty_model_form, flip: "both" as const, rotation: "12.5" };
    const spec = model_spec(form) as unknown as Record<string, unknown>;
    expect(spec.augmentation).toMatchObject({ flip: "both", turns: "none", rotation: 12.5, noise: 0 });
    expect(form_of_model("copy", "", spec)).toMatchObject({ flip: "both", rotation: "12.5", turns: "none" });
  });
});
