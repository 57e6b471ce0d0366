import { describe, expect, it } from "vitest";
import type { Job } from "../api/client";
import {
  columns_of,
  dependents_of,
  filter_jobs,
  first_columns,
  range_of,
  rows_of,
  sort_jobs,
  value_of,
} from "./job_list";

function job(id: string, part: Partial<Job> = {}): Job {
  return {
    id,
    kind: "model",
    name: id,
    group: "",
    notes: "",
    owner: "",
    state: "done",
    created_at: `2026-11-24T10:00:${id.padStart(2, "0")}Z`,
    started_at: null,
    finished_at: null,
    progress: null,
    error: null,
    parents: [],
    best: null,
    last: {},
    actions: { abort: false, resume: false, delete: true, snapshot: false },
    ...part,
  };
}

const context = { names: new Map([["d", "MNIST"]]), now: Date.parse("2026-11-24T10:01:00Z") };
const ids = (jobs: Job[]) => jobs.map(({ id }) => id);

describe("the list of jobs", () => {
  it("offers every metric that any job has, best and last", () => {
    const jobs = [
      job("1", { last: { "val/accuracy": 0.9 } }),
      job("2", { best: { accuracy: 0.9, loss: 1, top5: 1, iteration: 7, epoch: 1 }, last: { "train/loss": null } }),
    ];
    const columns = columns_of(jobs, "model");
    for (const wanted of ["best.top5", "best.epoch", "last.val/accuracy", "last.train/loss", "dataset"])
      expect(columns).toContain(wanted);
    expect(columns_of(jobs, "dataset")).not.toContain("dataset");
    expect(value_of(jobs[1]!, "best.top5", context)).toBe(1);
    expect(value_of(jobs[0]!, "last.val/accuracy", context)).toBe(0.9);
    expect(value_of(jobs[1]!, "last.train/loss", context)).toBeNull();
  });

  it("begins with the metrics by which its jobs are judged", () => {
    const best = (values: Record<string, number>) => job("1", { best: { iteration: 1, epoch: 1, loss: 1, ...values } });
    const scores = (jobs: Job[]) => first_columns(jobs, "model").filter((column) => column.startsWith("best."));
    expect(scores([])).toEqual(["best.accuracy", "best.loss"]);
    expect(scores([best({ mAP: 0.5, mAP50: 0.7 }), best({})])).toEqual(["best.mAP", "best.loss"]);
    const mixed = [best({ mAP: 0.5 }), best({ miou: 0.6 })];
    expect(first_columns(mixed, "model").slice(0, 3)).toEqual(["state", "judged", "best.loss"]);
    expect(columns_of(mixed, "model")).toContain("judged");
    expect(columns_of(mixed, "dataset")).not.toContain("judged");
    expect(mixed.map((one) => value_of(one, "judged", context))).toEqual([0.5, 0.6]);
    expect(scores([best({ accuracy: 0.5 }), best({})])).toEqual(["best.accuracy", "best.loss"]);
    expect(first_columns([best({ mAP: 0.5 })], "dataset")).toEqual(["state", "created", "took"]);
  });

  it("sorts numbers in names as numbers, and puts what has no value last either way", () => {
    const jobs = [job("1", { name: "run 10" }), job("2", { name: "run 9" }), job("3", { name: "Run 1" })];
    expect(ids(sort_jobs(jobs, "name", context))).toEqual(["3", "2", "1"]);
    const scored = [
      job("1", { best: { accuracy: 0.5, iteration: 1, epoch: 1 } }),
      job("2"),
      job("3", { best: { accuracy: 0.9, iteration: 1, epoch: 1 } }),
    ];
    expect(ids(sort_jobs(scored, "-best.accuracy", context))).toEqual(["3", "1", "2"]);
    expect(ids(sort_jobs(scored, "best.accuracy", context))).toEqual(["1", "3", "2"]);
    expect(ids(sort_jobs(scored, "-created", context))).toEqual(["3", "2", "1"]);
  });

  it("finds jobs in which every word occurs, also in the name of their dataset", () => {
    const jobs = [job("1", { name: "LeNet", parents: ["d"] }), job("2", { name: "LeNet", group: "retina" })];
    expect(ids(filter_jobs(jobs, "lenet mnist", context.names))).toEqual(["1"]);
    expect(ids(filter_jobs(jobs, "RET", context.names))).toEqual(["2"]);
    expect(filter_jobs(jobs, "  ", context.names)).toBe(jobs);
  });

  it("puts groups where their first job stands, and jobs of no group last", () => {
    const jobs = [job("5"), job("4", { group: "b" }), job("3", { group: "a" }), job("2", { group: "b" })];
    const shown = rows_of(jobs, true, new Set(["a"])).map((row) => (row.type === "job" ? row.job.id : `[${row.name}]`));
    expect(shown).toEqual(["[b]", "4", "2", "[a]", "[]", "5"]);
    expect(rows_of(jobs, false, new Set()).length).toBe(4);
    expect(rows_of([job("1")], true, new Set()).length).toBe(1);
  });

  it("selects from one row to another in either direction", () => {
    const order = ["a", "b", "c", "d"];
    expect(range_of(order, "c", "a")).toEqual(["a", "b", "c"]);
    expect(range_of(order, "b", "d")).toEqual(["b", "c", "d"]);
    expect(range_of(order, null, "b")).toEqual(["b"]);
    expect(range_of(order, "gone", "b")).toEqual(["b"]);
  });

  it("knows which models go with a dataset", () => {
    const jobs = [job("m1", { parents: ["d"] }), job("m2", { parents: ["e"] }), job("m3", { parents: ["d"] })];
    expect(ids(dependents_of(new Set(["d", "m3"]), jobs))).toEqual(["m1"]);
  });
});
