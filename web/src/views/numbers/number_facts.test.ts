import { expect, test } from "vitest";
import { view_of } from "../registry";
import type { Sample } from "../view";
import { judged_numbers, number_errors, number_facts } from "./number_facts";

let next = 0;
const sample = (...values: number[]) => ({ index: next++, values }) as unknown as Sample;

test("the numbers of a dataset have their names, limits and distribution", () => {
  const [x, y] = number_facts([sample(0, 5), sample(1, 5), sample(0.5, 5)], ["angle"]);
  expect([x!.name, x!.lowest, x!.mean, x!.highest]).toEqual(["angle", 0, 0.5, 1]);
  expect(x!.counts.filter((count) => count > 0)).toEqual([1, 1, 1]);
  expect([x!.counts[0], x!.counts.at(-1)]).toEqual([1, 1]);
  expect([x!.lowest_at, x!.highest_at]).toEqual([0, 1]);
  expect(y).toEqual({ name: "2", lowest: 5, mean: 5, highest: 5, lowest_at: 0, highest_at: 0, counts: [3] });
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
  expect(view_of({ view: "numbers" })).toBe(view_of(facts));
  expect(view_of(facts).summary_tab).toBe("raw.title");
});

test("the numbers of an evaluated image have their names and errors", () => {
  const facts = { targets: [{ name: "x" }, { name: "y" }] };
  expect(judged_numbers({ predicted: [1, 2, 3], target: [1.5, 2, 1], error: 0.75 }, facts)).toEqual({
    numbers: [
      { name: "x", predicted: 1, target: 1.5, error: 0.5 },
      { name: "y", predicted: 2, target: 2, error: 0 },
      { name: "3", predicted: 3, target: 1, error: 2 },
    ],
    error: 0.75,
  });
  expect(judged_numbers({ predicted: [1], target: null, error: null }, facts)).toEqual({
    numbers: [{ name: "x", predicted: 1, target: null, error: null }],
    error: null,
  });
});

test("the images of an evaluation are chosen by the error of one number, where there are several", () => {
  const words = { t: (key: string) => key } as never;
  const filters = (...names: string[]) =>
    view_of({ view: "raw", targets: [{ name: "a" }] }).image_filters!(
      { targets: names.map((name) => ({ name })) } as never,
      words,
    );
  expect(filters("x", "y").map(({ name, choices }) => [name, choices])).toEqual([
    [
      "number",
      [
        { value: "0", label: "x" },
        { value: "1", label: "y" },
      ],
    ],
  ]);
  expect(filters("x")).toEqual([]);
});
