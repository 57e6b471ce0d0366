import { expect, test } from "vitest";
import { view_of } from "../registry";
import type { Sample } from "../view";
import { label_counts, label_scores, whole_score } from "./label_facts";

test("the images of each label are counted", () => {
  const samples = [
    [1, 0],
    [1, 1],
    [0, 0],
  ].map((values) => ({ values }) as unknown as Sample);
  expect(label_counts(samples, ["cat", "dog"])).toEqual([2, 1]);
});

test("an evaluation of labels is shown by the scores of each", () => {
  const cat = { name: "cat", support: 3, ap: null, precision: 1, recall: 0.5, f1: 0.66 };
  const facts = { view: "raw", map: 0.4, labels_of_images: [cat] };
  const { name: _, ...values } = cat;
  expect(label_scores(facts)).toEqual([{ label: "cat", values }]);
  expect([whole_score(facts, "map"), whole_score(facts, "exact")]).toEqual([0.4, null]);
  expect(view_of(facts)).toBe(view_of({ target: "tensor", type: "multilabel" }));
  expect(view_of({ target: "tensor", type: "regression" })).not.toBe(view_of(facts));
});
