import { expect, test } from "vitest";
import { view_of } from "../registry";
import { pair_figures } from "./pair_facts";

const t = (key: string, values: object = {}) => [key, ...Object.values(values)].join(" ");

test("an evaluation of pairs is shown by accuracy and distances", () => {
  const facts = {
    view: "raw",
    accuracy: 0.875,
    threshold: 0.51234,
    similar_pairs: 3,
    similar_distance: 0.25,
    dissimilar_pairs: 0,
    dissimilar_distance: null,
  };
  const shown = (more: object) =>
    pair_figures({ ...facts, ...more }, { t: t as never }).map(({ label, value, title }) => [label, value, title]);
  expect(shown({})).toEqual([
    ["pairs.accuracy", "87.50 %", "pairs.accuracy.help 0.5123"],
    ["pairs.similar", "0.25", "pairs.count 3"],
    ["pairs.dissimilar", "–", "pairs.count 0"],
  ]);
  expect(shown({ loss: 0.5 })[3]).toEqual(["pairs.loss", "0.5", "pairs.loss.help"]);
  expect(view_of(facts)).not.toBe(view_of({ view: "raw" }));
  expect(view_of({ view: "pairs" })).toBe(view_of(facts));
  expect(view_of(facts).evaluation_tabs[0]?.label).toBe("tab.metrics");
});
