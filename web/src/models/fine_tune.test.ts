import { describe, expect, it } from "vitest";
import forms from "../api/forms.json";
import { fine_tuning, from_scratch, suits_fine_tuning } from "./fine_tune";
import { empty_model_form, model_spec } from "./model_form";

const fields = forms.model.fields as never;
const facts = (change: object) =>
  ({
    type: "classification",
    storage: { backend: "lmdb" },
    image: { width: 256, height: 256, channels: 3 },
    ...change,
  }) as never;

describe("fine-tuning", () => {
  it("is for colour photographs with classes", () => {
    expect(suits_fine_tuning(facts({}))).toBe(true);
    expect(suits_fine_tuning(facts({ type: "detection" }))).toBe(false);
    expect(suits_fine_tuning(facts({ image: { width: 28, height: 28, channels: 1 } }))).toBe(false);
    expect(suits_fine_tuning(facts({ image: { width: 32, height: 32, channels: 3 } }))).toBe(false);
    expect(suits_fine_tuning(null)).toBe(false);
  });

  it("freezes first, then learns at a tenth of the rate", () => {
    const form = empty_model_form(fields);
    const spec = model_spec({ ...form, ...fine_tuning(form, "20261123-101500-3fa9", 100) }, fields) as never as {
      solver: Record<string, unknown>;
      weights: unknown[];
      mean: string;
      epochs: number;
    };
    expect(spec.solver).toMatchObject({ lr_policy: "multistep", steps_percent: [60], gamma: 0.1, freeze_percent: 60 });
    expect(spec.weights).toEqual([{ pretrained: "20261123-101500-3fa9" }]);
    expect(spec.mean).toBe("none");
    expect(spec.epochs).toBe(15);
  });

  it("is undone in one step", () => {
    const form = empty_model_form(fields);
    const tuned = { ...form, name: "mine", ...fine_tuning(form, "20261123-101500-3fa9", 5000) };
    const spec = model_spec({ ...tuned, ...from_scratch(tuned, form) }, fields) as never as Record<string, unknown>;
    expect(spec).toMatchObject({ network: { standard: "resnet18" }, weights: [], mean: "image" });
    expect((spec.solver as Record<string, unknown>).freeze_percent ?? 0).toBe(0);
  });
});
