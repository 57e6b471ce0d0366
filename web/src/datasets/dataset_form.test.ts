import { describe, expect, it, test } from "vitest";
import { dataset_spec, empty_dataset_form, form_of_dataset, suggested_name } from "./dataset_form";

test("a dataset made like another keeps the limits of its own validation and test folders", () => {
  const source = {
    type: "folder",
    path: "/train",
    val_path: "/val",
    test_path: "/test",
    percent_val: 0,
    percent_test: 0,
    min_per_class: 5,
    max_per_class: 100,
    val_min_per_class: 3,
    val_max_per_class: 30,
    test_max_per_class: 10,
  };
  const form = form_of_dataset("copy", "", { source, image: { width: 28, height: 28, channels: 1, resize: "crop" } });
  expect(dataset_spec(form).source).toEqual(source);
  const whole = form_of_dataset("copy", "", { source: { ...source, test_min_per_class: null } });
  expect(dataset_spec(whole).source).toEqual(source);
});

describe("the name of a new dataset", () => {
  const named = (part: Partial<typeof empty_dataset_form>) => suggested_name({ ...empty_dataset_form, ...part });
  it("comes from the folder or list that was chosen", () => {
    expect(named({ path: "/data/mnist/train" })).toBe("mnist");
    expect(named({ path: "/data/flowers/" })).toBe("flowers");
    expect(named({ path: "/train" })).toBe("train");
    expect(named({ source: "lists", list_train: "/lists/birds.txt" })).toBe("birds");
    expect(named({})).toBe("");
  });
});
