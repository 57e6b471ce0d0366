import { describe, expect, it } from "vitest";
import { line_diff } from "./line_diff";

const shown = (before: string, after: string, context?: number) =>
  line_diff(before, after, context).map(
    ({ kind, text }) => ({ same: " ", removed: "-", added: "+", gap: "…" })[kind] + text,
  );

describe("the diff of two texts", () => {
  it("is empty but for a gap where nothing changed", () => {
    expect(shown("a\nb", "a\nb")).toEqual(["…"]);
  });

  it("shows what went and came, with the lines around", () => {
    expect(shown("a\nb\nc\nd\ne\nf", "a\nb\nc\nX\ne\nf\ng", 1)).toEqual(["…", " c", "-d", "+X", " e", " f", "+g"]);
    expect(shown("1\n2\n3\n4\n5\n6\n7", "2\n3\n4\n5\n6\n8", 1)).toEqual(["-1", " 2", "…", " 6", "-7", "+8"]);
  });

  it("replaces a part that is too large to compare", () => {
    const many = (word: string) => Array.from({ length: 2100 }, (_, i) => `${word}${i}`).join("\n");
    expect(line_diff(many("a"), many("b"))).toHaveLength(4200);
  });
});
