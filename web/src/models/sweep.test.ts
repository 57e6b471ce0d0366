import { describe, expect, it } from "vitest";
import type { FormField } from "../api/client";
import forms from "../api/forms.json";
import { empty_model_form, model_spec } from "./model_form";
import { sweep_of } from "./sweep";

const fields = forms.model.fields as FormField[];
const form = { ...empty_model_form(fields), name: "LeNet" };

describe("a sweep", () => {
  it("is one job, as it stands, without lists", () => {
    expect(sweep_of({ ...form, base_lr: "0.01" })).toEqual([{ ...form, base_lr: "0.01" }]);
    expect(sweep_of({ ...form, base_lr: "0.01," })).toHaveLength(1);
  });

  it("has a job for each combination, named by its values, in one group", () => {
    const made = sweep_of({ ...form, base_lr: "0.1, 0.01 0.001", batch_size: "32,64" });
    expect(made).toHaveLength(6);
    expect(made[3]).toMatchObject({
      name: "LeNet lr 0.01 batch 64",
      group: "LeNet",
      base_lr: "0.01",
      batch_size: "64",
    });
    expect(model_spec(made[3]!, fields)).toMatchObject({ solver: { base_lr: 0.01 }, batch_size: 64 });
    expect(new Set(made.map(({ group }) => group))).toEqual(new Set(["LeNet"]));
    expect(sweep_of({ ...form, group: "rates", base_lr: "1, 2" })[0]?.group).toBe("rates");
  });

  it("reads a comma behind a single 0 as a decimal comma", () => {
    expect(sweep_of({ ...form, base_lr: "0,01" })).toHaveLength(1);
    expect(model_spec(sweep_of({ ...form, base_lr: "0,01" })[0]!, fields)).toMatchObject({ solver: { base_lr: 0.01 } });
    expect(sweep_of({ ...form, base_lr: "0,01, 0,001" }).map((one) => one.base_lr)).toEqual(["0.01", "0.001"]);
    expect(sweep_of({ ...form, batch_size: "10,20" }).map((one) => one.batch_size)).toEqual(["10", "20"]);
  });

  it("leaves out what is said twice, and keeps what is not a number for the server to refuse", () => {
    expect(sweep_of({ ...form, base_lr: "0.1, 0.1" })).toHaveLength(1);
    expect(sweep_of({ ...form, base_lr: "0.1, fast" }).map((one) => one.base_lr)).toEqual(["0.1", "fast"]);
  });
});
