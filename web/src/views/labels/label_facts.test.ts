import { expect, test } from "vitest";
import { view_of } from "../registry";
import type { Sample } from "../view";
import { judged_labels, label_counts, label_scores, whole_score } from "./label_facts";

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
  expect(view_of({ view: "labels" })).toBe(view_of(facts));
  expect(view_of({ target: "tensor", type: "regression" })).not.toBe(view_of(facts));
});

test("the labels of an evaluated image come by what counts, then by probability", () => {
  const facts = { labels_of_images: [{ name: "cat" }, { name: "dog" }, { name: "owl" }] };
  const shown = (item: object) =>
    judged_labels(item, facts).map(({ label, is_said, is_right }) => [label, is_said, is_right]);
  expect(shown({ probabilities: [0.1, 0.3, 0.9], labels: [0] })).toEqual([
    ["owl", true, false],
    ["cat", false, true],
    ["dog", false, false],
  ]);
  expect(shown({ probabilities: [0.6, 0.7, 0.1], labels: null })[0]).toEqual(["dog", true, null]);
});

test("the images of an evaluation are chosen by labels that they have and that they got", () => {
  const facts = { view: "labels", labels_of_images: [{ name: "cat" }] };
  const filters = view_of(facts).image_filters!(facts as never, { t: (key: string) => key } as never);
  expect(filters.map(({ name, choices }) => [name, choices.map(({ value }) => value)])).toEqual([
    ["truth", ["0", "1"]],
    ["predicted", ["0", "1"]],
  ]);
  expect(filters[0]!.choices[1]!.label).toBe("labels.none");
});
