import { expect, test } from "vitest";
import { view_of } from "../registry";
import type { Sample } from "../view";
import { number_errors, number_facts } from "./number_facts";

const sample = (...values: number[]) => ({ values }) as unknown as Sample;

test("the numbers of a dataset have their names, limits and distribution", () => {
  const [x, y] = number_facts([sample(0, 5), sample(1, 5), sample(0.5, 5)], ["angle"]);
  expect([x!.name, x!.lowest, x!.mean, x!.highest]).toEqual(["angle", 0, 0.5, 1]);
  expect(x!.counts.filter((count) => count > 0)).toEqual([1, 1, 1]);
  expect([x!.counts[0], x!.counts.at(-1)]).toEqual([1, 1]);
  expect(y).toEqual({ name: "2", lowest: 5, mean: 5, highest: 5, counts: [3] });
  expect(number_facts([], ["x"])).toEqual([]);
});

test("an evaluation of numbers is shown by the errors of each", () => {
  const facts = { view: "raw", mae: 1, rmse: 2, targets: [{ name: "x", mae: 0.5, rmse: 0.7, r2: null }] };
  expect(number_errors(facts)).toEqual({
    each: [{ name: "x", mae: 0.5, rmse: 0.7, r2: null }],
    all: { mae: 1, rmse: 2, r2: null },
  });
  expect(view_of(facts)).toBe(view_of({ target: "tensor", type: "regression" }));
  expect(view_of(facts)).not.toBe(view_of({ view: "raw" }));
  expect(view_of(facts).summary_tab).toBe("raw.title");
});
