import type { Sample } from "../view";

/** What one of a dataset's numbers is, over some samples. */
export interface NumberFacts {
  name: string;
  lowest: number;
  mean: number;
  highest: number;
  /** How many samples lie in each of equal parts from the lowest to the highest. */
  counts: number[];
}

const parts = 24;

/** Of each number of the samples, by the names of the dataset where it has some. */
export function number_facts(samples: readonly Sample[], names: readonly string[]): NumberFacts[] {
  const rows = samples.map(({ values }) => values ?? []);
  const count = Math.max(0, ...rows.map((row) => row.length));
  return Array.from({ length: count }, (_, i) => {
    const values = rows.flatMap((row) => (row[i] === undefined ? [] : [row[i]]));
    const [lowest, highest] = [Math.min(...values), Math.max(...values)];
    const counts = new Array<number>(highest > lowest ? parts : 1).fill(0);
    for (const value of values)
      counts[
        highest > lowest ? Math.min(parts - 1, Math.floor((parts * (value - lowest)) / (highest - lowest))) : 0
      ]! += 1;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return { name: names[i] ?? String(i + 1), lowest, mean, highest, counts };
  });
}

/** How far answers are from one of the numbers. */
export interface NumberErrors {
  name: string;
  mae: number | null;
  rmse: number | null;
  r2: number | null;
}

const or_null = (value: unknown) => (typeof value === "number" ? value : null);

/** Of an evaluation: of each number, and of all together. */
export function number_errors(facts: object): { each: NumberErrors[]; all: Omit<NumberErrors, "name"> } {
  const { targets, mae, rmse, r2 } = facts as Record<string, unknown>;
  const each = (Array.isArray(targets) ? (targets as Record<string, unknown>[]) : []).map((one) => ({
    name: String(one.name),
    mae: or_null(one.mae),
    rmse: or_null(one.rmse),
    r2: or_null(one.r2),
  }));
  return { each, all: { mae: or_null(mae), rmse: or_null(rmse), r2: or_null(r2) } };
}
