import { expect, it } from "vitest";
import type { Diagnostic } from "../api/client";
import { listed_findings } from "./findings";

const finding = (line: number, message: string, severity: Diagnostic["severity"] = "error"): Diagnostic => ({
  severity,
  message,
  line,
  column: 1,
  layer: null,
  where: null,
  advice: "",
  needs_side: null,
});

it("lists a finding once, however often it was found", () => {
  const two = [finding(3, "unknown field"), finding(9, "no such blob")];
  expect(listed_findings(two, [two[1]!, finding(12, "does not fit")], false).map(({ line }) => line)).toEqual([
    3, 9, 12,
  ]);
});

it("stops after the first error of a text with an unpaired bracket", () => {
  const many = [
    finding(1, "deprecated", "warning"),
    ...Array.from({ length: 11 }, (_, i) => finding(40 + i, "expected }")),
  ];
  expect(listed_findings(many, [], true)).toEqual([many[1]]);
});
