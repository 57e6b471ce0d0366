import { describe, expect, it } from "vitest";
import { en } from "./en";
import { beside, fill } from "./text";
import { zh } from "./zh";

const names = (pattern: string) => [...new Set([...pattern.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort();

describe("texts", () => {
  it("fill the same values in every language", () => {
    for (const [key, pattern] of Object.entries(en))
      expect(names(zh[key as keyof typeof en]), key).toEqual(names(pattern));
  });

  it("choose between one and more, and separate thousands", () => {
    expect(fill("{n} class|{n} classes", "en", { n: 1 })).toBe("1 class");
    expect(fill("{n} class|{n} classes", "en", { n: 1000 })).toBe("1,000 classes");
    expect(beside("最佳", "准确率")).toBe("最佳准确率");
    expect(beside("最佳", "iou")).toBe("最佳 iou");
    expect(beside("Best", "accuracy")).toBe("Best accuracy");
    expect(fill("{time} left", "en", { time: "3 s" })).toBe("3 s left");
  });
});
