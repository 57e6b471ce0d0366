import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fold_graph } from "./fold_graph";
import { layout_of } from "./graph_layout";
import { graph_of, is_in, layers_of, type Stage } from "./network_graph";

function folded(name: string, stage: Stage = "train", open: string[] = []) {
  const text = readFileSync(join(import.meta.dirname, `../../../networks/${name}.prototxt`), "utf8");
  return fold_graph(graph_of(layers_of(text).filter((layer) => is_in(layer, stage))), new Set(open));
}

describe("repeated parts of a network", () => {
  it("are the sixteen residual blocks of ResNet-50 and the eight of ResNet-18", () => {
    expect(folded("resnet50").folds.map(({ block, count }) => [block, count])).toEqual([["residual", 16]]);
    expect(folded("resnet18").folds.map(({ block, count }) => [block, count])).toEqual([["residual", 8]]);
    expect(folded("resnet50").nodes.length).toBeLessThan(10);
  });

  it("are the nine inceptions of GoogLeNet, between its poolings and beside its auxiliary classifiers", () => {
    for (const stage of ["train", "val", "deploy"] as const)
      expect(folded("googlenet", stage).folds.map(({ block, count }) => [block, count])).toEqual([
        ["inception", 2],
        ["inception", 5],
        ["inception", 2],
      ]);
    const { nodes, edges, folds } = folded("googlenet");
    const ids = new Set(nodes.map(({ id }) => id));
    for (const { from, to } of edges) expect(ids.has(from) && ids.has(to)).toBe(true);
    expect(edges.some(({ from }) => from === folds[1]!.id)).toBe(true);
  });

  it("are the fire modules of SqueezeNet", () => {
    const { folds } = folded("squeezenet");
    expect(folds.every(({ block }) => block === "fire")).toBe(true);
    expect(folds.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(6);
  });

  it("are not in a plain chain", () => {
    for (const name of ["lenet", "alexnet", "vgg16"]) expect(folded(name).folds).toEqual([]);
  });

  it("are drawn with all their layers when they are opened, and the graph stays whole", () => {
    const { folds } = folded("resnet18");
    const open = folded("resnet18", "train", [folds[0]!.id]);
    const text = readFileSync(join(import.meta.dirname, "../../../networks/resnet18.prototxt"), "utf8");
    expect(open.nodes.length).toBe(graph_of(layers_of(text).filter((layer) => is_in(layer, "train"))).nodes.length);
    expect(layout_of(folded("resnet18")).places.size).toBe(folded("resnet18").nodes.length);
  });
});
