import { expect, it } from "vitest";
import type { Job } from "../api/client";
import { waiting_of } from "./waiting";

const job = (id: string, state: Job["state"], parents: string[] = [], kind: Job["kind"] = "model") =>
  ({ id, state, parents, kind, name: `job ${id}`, created_at: `2026-01-01T00:00:0${id}Z` }) as Job;

it("waits for a job that it needs", () => {
  const dataset = job("1", "run", [], "dataset");
  const model = job("2", "wait", ["1"]);
  expect(waiting_of(model, [dataset, model])).toEqual({ for: "parent", name: "job 1" });
});

it("waits for a device behind those that were created before it and could start", () => {
  const dataset = job("1", "run", [], "dataset");
  const active = [
    dataset,
    job("2", "run"),
    job("3", "wait", ["1"]),
    job("4", "wait"),
    job("5", "wait"),
    job("6", "wait"),
  ];
  expect(waiting_of(active[4]!, active)).toEqual({ for: "device", place: 2 });
  expect(waiting_of(active[3]!, active)).toEqual({ for: "device", place: 1 });
});
