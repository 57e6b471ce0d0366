import { expect, test } from "vitest";
import { origin_of } from "./origin";

test("what was pulled from a store is not called uploaded", () => {
  expect(origin_of({ source: { type: "files" }, license: "", origin: "" })).toBe("files");
  expect(origin_of({ source: { type: "files" }, license: "Apache-2.0", origin: "" })).toBe("store");
  expect(origin_of({ source: { type: "files" }, origin: "https://example.org/model" })).toBe("store");
  expect(origin_of({ source: { type: "store" } })).toBe("store");
  expect(origin_of({ source: { type: "model" } })).toBe("model");
  expect(origin_of({})).toBe("archive");
});
