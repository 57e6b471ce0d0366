import { describe, expect, it } from "vitest";
import { finding_line, findings_of } from "./scan_members";

describe("what a dry run found", () => {
  it("has boxes, their sizes and what is wrong, by kind", () => {
    const found = findings_of({
      target: "boxes",
      boxes: 200,
      usable_boxes: 180,
      box_sizes: { below: { "32": 100, "8": 0, "16": 50 } },
      errors: ["No image has a label."],
      problems: {
        bad_row: { count: 2, sentence: "Label rows …", items: [{ file: "a.txt", line: 3 }] },
        box_empty: { count: 0, items: [] },
      },
    });
    expect(found.sentences).toEqual(["Label rows …"]);
    expect(found.below).toEqual([
      { side: 8, share: 0 },
      { side: 16, share: 0.25 },
      { side: 32, share: 0.5 },
    ]);
    expect(found.kinds).toEqual([{ kind: "bad_row", count: 2, items: [{ file: "a.txt", line: 3 }] }]);
    expect([found.boxes, found.usable_boxes, ...found.errors]).toEqual([200, 180, "No image has a label."]);
  });

  it("has nothing to say of classes", () => {
    expect(findings_of({ labels: ["a"], splits: {}, warnings: [] })).toEqual({
      boxes: null,
      usable_boxes: null,
      below: [],
      sentences: [],
      errors: [],
      kinds: [],
    });
  });

  it("names file, line, words and numbers of a finding", () => {
    expect(finding_line({ file: "a.txt", line: 3, detail: "too few numbers", columns: 14 })).toBe(
      "a.txt:3: too few numbers (columns 14)",
    );
    expect(finding_line({ file: "a.png", line: 0, stated_width: 5 })).toBe("a.png: stated width 5");
    expect(finding_line({ detail: "an object without a name" })).toBe("an object without a name");
  });
});
