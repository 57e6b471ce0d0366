import { describe, expect, it } from "vitest";
import { measured_model, planned_model, type TrainingPlan, test_split, training_seconds } from "./start_training";

const plan = {
  format: "Folders of classes",
  task: "classification",
  dataset: { source: { type: "folder", path: "/data/flowers" } },
  model: { epochs: 16, mean: "none" },
  pretrained: { job: null, store: "abc", name: "EfficientNet-Lite0" },
  reasons: [],
} as unknown as TrainingPlan;

describe("a training from a folder", () => {
  it("starts from the pretrained network, with its weights", () => {
    expect(planned_model(plan, "d1", "p1")).toEqual({
      epochs: 16,
      mean: "none",
      dataset_id: "d1",
      network: { pretrained: "p1" },
      weights: [{ pretrained: "p1" }],
    });
  });

  it("starts the layers of a network from the pretrained one", () => {
    const transfer = { ...plan, model: { network: { standard: "detector_lite0" } } } as unknown as TrainingPlan;
    expect(planned_model(transfer, "d1", "p1")).toEqual({
      dataset_id: "d1",
      network: { standard: "detector_lite0" },
      weights: [{ pretrained: "p1", transfer: true }],
    });
  });

  it("keeps the proposed network where nothing is pretrained", () => {
    const scratch = { ...plan, pretrained: null, model: { network: { standard: "lenet" } } } as unknown as TrainingPlan;
    expect(planned_model(scratch, "d1", null)).toEqual({ network: { standard: "lenet" }, dataset_id: "d1" });
  });

  it("is measured on images as the dataset will have them, where its network is there", () => {
    expect(measured_model(plan, 5), "the pretrained network is not there yet").toBeNull();
    const image = { width: 64, height: 48, channels: 1 };
    const scratch = {
      ...plan,
      dataset: { image },
      pretrained: null,
      model: { network: { standard: "lenet" } },
    } as unknown as TrainingPlan;
    expect(measured_model(scratch, 5)).toEqual({ spec: { network: { standard: "lenet" } }, image, classes: 5 });
    expect(measured_model(scratch, 0)).not.toHaveProperty("classes");
    const there = { ...plan, pretrained: { ...plan.pretrained!, job: "p1" } } as TrainingPlan;
    expect(measured_model(there, 5)?.spec).toMatchObject({ network: { pretrained: "p1" } });
  });

  it("takes as long as its images at that speed, with those of validations", () => {
    const scan = { splits: { train: { count: 90 }, val: { count: 30 } } };
    expect(training_seconds(plan, scan, { low: 50, high: 100 })).toEqual({ low: 16, high: 32 });
    expect(training_seconds(plan, scan, undefined)).toBeNull();
  });

  it("is tested with images that it has not seen", () => {
    const count = (n: number) => ({ count: n });
    expect(test_split({ train: count(9), val: count(3), test: count(2) })).toBe("test");
    expect(test_split({ train: count(9), val: count(3), test: count(0) })).toBe("val");
    expect(test_split({ train: count(9), val: count(0) })).toBe("train");
  });
});
