import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { layout_of } from "./graph_layout";
import { kind_of } from "./layer_kinds";
import { graph_of, is_in, layers_of, type Stage } from "./network_graph";
import { parse_prototxt, unpaired_line } from "./prototxt";

function standard(name: string): string {
  return readFileSync(join(import.meta.dirname, `../../../networks/${name}.prototxt`), "utf8");
}

function graph(text: string, stage: Stage) {
  return graph_of(layers_of(text).filter((layer) => is_in(layer, stage)));
}

describe("the graph of a network", () => {
  it("draws LeNet for training: in-place layers with what they change, one line of layers to the loss", () => {
    const { nodes, edges } = graph(standard("lenet"), "train");
    expect(nodes.map(({ layer }) => layer.type)).toEqual([
      "Data",
      "Power",
      "Convolution",
      "Pooling",
      "Convolution",
      "Pooling",
      "InnerProduct",
      "InnerProduct",
      "SoftmaxWithLoss",
    ]);
    expect(nodes.find(({ layer }) => layer.name === "ip1")?.attached.map(({ type }) => type)).toEqual(["ReLU"]);
    expect(nodes[2]?.layer.summary).toBe("5 × 5 → 20");
    const label = edges.filter(({ blob }) => blob === "label");
    expect(label).toEqual([{ from: nodes[0]!.id, to: nodes[8]!.id, blob: "label" }]);
  });

  it("keeps the three networks of one text apart", () => {
    const text = standard("lenet");
    const types = (stage: Stage) => graph(text, stage).nodes.map(({ layer }) => layer.type);
    expect(types("val")).toContain("Accuracy");
    expect(types("train")).not.toContain("Accuracy");
    expect(types("deploy")).toContain("Softmax");
    expect(types("deploy")).not.toContain("Data");
  });

  it.each(["lenet", "alexnet", "googlenet"])("knows every layer of %s, and where it stands", (name) => {
    const text = standard(name);
    const lines = text.split("\n");
    const layers = layers_of(text);
    expect(layers.length).toBe(text.match(/^layer \{/gm)?.length);
    for (const layer of layers) {
      expect(lines[layer.line - 1]).toMatch(/^layer \{/);
      expect(lines[layer.end_line - 1]).toBe("}");
      expect(layer.type).not.toBe("");
    }
    const { nodes, edges } = graph(text, "train");
    const ids = new Set(nodes.map(({ id }) => id));
    expect(ids.size).toBe(nodes.length);
    for (const { from, to } of edges) expect(ids.has(from) && ids.has(to)).toBe(true);
  });

  it("leads the label's line around the layers between, and puts no box on another", () => {
    const drawn = graph(standard("lenet"), "train");
    const { places, bends } = layout_of(drawn);
    const long = drawn.edges.findIndex(({ blob }) => blob === "label");
    const boxes = [...places.values()];
    for (const { x, y } of bends[long]!)
      for (const box of boxes)
        expect(x > box.x && x < box.x + box.width && y > box.y && y < box.y + box.height).toBe(false);
    for (const [i, a] of boxes.entries())
      for (const b of boxes.slice(i + 1))
        expect(a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height).toBe(false);
  });

  it("reads phases, both brackets, lists and text that is cut off", () => {
    const [data, pool] = layers_of(
      'layers < name: "d" type: DATA top: "x" include: { phase: TEST } >\nlayer { name: "p" type: "Pooling" bottom: "x" top: ["y"] pooling_param { kernel_h: 2 kernel_w: 3 }',
    );
    expect(data?.type).toBe("Data");
    expect([is_in(data!, "train"), is_in(data!, "val")]).toEqual([false, true]);
    expect(pool).toMatchObject({ name: "p", bottoms: ["x"], tops: ["y"], line: 2, summary: "2 × 3" });
    expect(parse_prototxt('} name "x" : {{{ # nothing').fields.length).toBeLessThan(3);
  });

  it("gives every kind of layer its colour", () => {
    expect(kind_of("Convolution")).toBe("convolution");
    expect(kind_of("MyOwnLoss")).toBe("loss");
    expect(kind_of("Unknown")).toBe("shape");
  });
});

describe("brackets", () => {
  it("are paired, or the line of the one that is not is told", () => {
    expect(unpaired_line('layer { name: "a" # {\n}')).toBeNull();
    expect(unpaired_line('layer { name: "{" }')).toBeNull();
    expect(unpaired_line("layer {\n name: 'a'\n param {\n }\n")).toBe(1);
    expect(unpaired_line("layer { }\n}")).toBe(2);
    expect(unpaired_line("a { b: [1, 2 }")).toBe(1);
  });
});
