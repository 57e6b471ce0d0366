import { describe, expect, it } from "vitest";
import type { Model } from "../api/client";
import { compare_rows, flatten, show_value, winner } from "./compare_table";

function model(spec: object, best: object | null): Model {
  return { job: { spec, best, lower_is_better: ["loss", "pairs"] } } as unknown as Model;
}

describe("the table of a comparison", () => {
  it("has every value of a spec at its place", () => {
    const found = flatten({ solver: { base_lr: 0.01, steps_percent: [50, 85] }, seed: null, weights: [] });
    expect([...found]).toEqual([
      ["solver.base_lr", 0.01],
      ["solver.steps_percent", "50, 85"],
    ]);
  });

  it("names the jobs that a model started from", () => {
    const id = "20261129-185157-4988";
    const spec = { network: { pretrained: id }, weights: [{ pretrained: id }, { path: "/data/a.caffemodel" }] };
    const rows = compare_rows([model(spec, null)], new Map([[id, "EfficientNet"]]));
    const value = (place: string) => rows.find((row) => row.place === place)?.values[0];
    expect(value("network.pretrained")).toBe("EfficientNet");
    expect(value("weights")).toBe("EfficientNet, /data/a.caffemodel");
  });

  it("tells two networks apart without showing their text", () => {
    const one = flatten({ network: { prototxt: "layer {\n}\n" } }).get("network.prototxt");
    const other = flatten({ network: { prototxt: "layer {\n }\n" } }).get("network.prototxt");
    expect(one).not.toBe(other);
    expect(String(one)).toMatch(/^3 lines, #/);
  });

  it("knows which values differ, also where one has none, and which model is best", () => {
    const dataset = "20261129-185157-2d18";
    const rows = compare_rows(
      [
        model({ epochs: 2, solver: { base_lr: 0.1 }, dataset_id: dataset }, { accuracy: 0.5, loss: 1.2, pairs: 3 }),
        model(
          { epochs: 2, solver: { base_lr: 0.01, gamma: 0.1 }, dataset_id: dataset },
          { accuracy: 0.9, loss: 0.3, pairs: 7 },
        ),
        model({ epochs: 2, solver: { base_lr: 0.01 }, dataset_id: dataset }, null),
      ],
      new Map([[dataset, "MNIST"]]),
    );
    const differing = rows.filter((row) => row.differs).map((row) => row.place);
    expect(differing).toEqual(["best.accuracy", "best.loss", "best.pairs", "solver.base_lr", "solver.gamma"]);
    expect(rows.find((row) => row.place === "dataset_id")?.values).toEqual(["MNIST", "MNIST", "MNIST"]);
    expect(rows.slice(0, 3).map(winner)).toEqual([1, 1, 0]);
    expect(winner(rows.find((row) => row.place === "solver.base_lr")!)).toBeNull();
    expect(show_value("best.accuracy", 0.9)).toBe("90.00 %");
    expect(show_value("solver.base_lr", 0.01)).toBe("0.01");
  });
});
