import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { complete, offered_types } from "./completion";
import { parse_proto } from "./proto_schema";

const project = join(import.meta.dirname, "../../..");
const schema = parse_proto(readFileSync(join(project, "proto/caffe.proto"), "utf8"));
const labels = (text: string) => complete(text, schema)?.options.map(({ label }) => label) ?? null;

describe("completion in a prototxt", () => {
  it("offers exactly the layer types that the engine has", () => {
    const registry = readFileSync(join(project, "src/engine/layers/registry.cpp"), "utf8");
    const known = [...registry.matchAll(/\bk(\w+)Layer,/g)].map((match) => match[1]!);
    expect(known.length).toBeGreaterThan(50);
    // Types are named as Caffe writes them; the constants in the source may differ in case only.
    const lower = (names: string[]) => names.map((name) => name.toLowerCase()).sort();
    expect(lower(offered_types)).toEqual(lower(known));
    expect(labels('layer {\n  type: "')).toEqual(offered_types);
  });

  it("knows the fields of the message the cursor stands in", () => {
    expect(labels("la")).toContain("layer");
    expect(labels("layer { na")).toEqual(expect.arrayContaining(["name", "bottom", "convolution_param"]));
    const convolution = labels('layer { type: "Convolution" convolution_param {\n    ');
    expect(convolution).toEqual(expect.arrayContaining(["num_output", "kernel_size", "weight_filler"]));
    expect(convolution).not.toContain("pool");
    expect(labels("layer { pooling_param { pool: MAX } ")).toContain("top");
    expect(labels("layer { } ")).toContain("state");
  });

  it("says how a field goes on, and what it is without being given", () => {
    const stride = complete("layer { pooling_param { stri", schema)!;
    expect(stride.typed).toBe(4);
    expect(stride.options.find(({ label }) => label === "stride")).toMatchObject({
      apply: "stride: ",
      detail: "uint32 = 1",
    });
    expect(complete("layer { ", schema)?.options.find(({ label }) => label === "lrn_param")?.apply).toBe(
      "lrn_param { ",
    );
  });

  it("knows values: enums, truth, fillers, stages and blobs made before", () => {
    expect(labels("layer { pooling_param { pool: ")).toEqual(["MAX", "AVE", "STOCHASTIC"]);
    expect(labels("layer { include { phase: TR")).toEqual(["TRAIN", "TEST"]);
    expect(labels("layer { inner_product_param { bias_term: f")).toEqual(["true", "false"]);
    expect(labels('layer { convolution_param { weight_filler { type: "x')).toContain("xavier");
    expect(labels('layer { include { stage: "')).toEqual(["train", "val", "deploy"]);
    expect(labels('layer { top: "a" } layer { top: "b" } layer { bottom: "')).toEqual(["b", "a"]);
    const quoted = complete('layer { type: "Conv', schema)!;
    expect(quoted.typed).toBe(4);
    expect(quoted.options.find(({ label }) => label === "Convolution")?.apply).toBe('Convolution"');
    expect(complete("layer { type: ", schema)?.options[0]?.apply).toMatch(/^".*"$/);
  });

  it("is silent in comments, in names and where nothing is known", () => {
    expect(labels("# lay")).toBeNull();
    expect(labels('layer { name: "co')).toBeNull();
    expect(labels("layer { unknown_param { ")).toEqual([]);
  });
});
