import type { Sample } from "../view";

/** What one of a dataset's numbers is, over some samples. */
export interface NumberFacts {
  name: string;
  lowest: number;
  mean: number;
  highest: number;
  /** `index` of the samples with the lowest and the highest. */
  lowest_at: number;
  highest_at: number;
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
    const at = (value: number) => samples.find((one) => one.values?.[i] === value)?.index ?? 0;
    const counts = new Array<number>(highest > lowest ? parts : 1).fill(0);
    for (const value of values)
      counts[
        highest > lowest ? Math.min(parts - 1, Math.floor((parts * (value - lowest)) / (highest - lowest))) : 0
      ]! += 1;
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return {
      name: names[i] ?? String(i + 1),
      lowest,
      mean,
      highest,
      lowest_at: at(lowest),
      highest_at: at(highest),
      counts,
    };
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

/** One number of an evaluated image. */
export interface JudgedNumber {
  name: string;
  predicted: number;
  /** Null: not known. */
  target: number | null;
  error: number | null;
}

/** The numbers of an evaluated image by their names, and the mean of their errors. */
export function judged_numbers(item: object, facts: object): { numbers: JudgedNumber[]; error: number | null } {
  const { predicted, target, error } = item as Record<string, unknown>;
  const { each } = number_errors(facts);
  const wanted = Array.isArray(target) ? (target as unknown[]) : [];
  const numbers = (Array.isArray(predicted) ? (predicted as number[]) : []).map((value, i) => {
    const right = or_null(wanted[i]);
    return {
      name: each[i]?.name ?? String(i + 1),
      predicted: value,
      target: right,
      error: right === null ? null : Math.abs(value - right),
    };
  });
  return { numbers, error: or_null(error) };
}
