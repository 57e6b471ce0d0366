import { describe, expect, it } from "vitest";
import { en, load_rest } from "./en";
import { beside, fill } from "./text";
import { zh } from "./zh";

await load_rest();

const names = (pattern: string) => [...new Set([...pattern.matchAll(/\{(\w+)\}/g)].map((match) => match[1]))].sort();

describe("texts", () => {
  it("fill the same values in every language", () => {
    for (const [key, pattern] of Object.entries(en))
      expect(names(zh[key as keyof typeof en]), key).toEqual(names(pattern));
  });

  it("exist in every language", () => {
    expect(Object.keys(zh).sort()).toEqual(Object.keys(en).sort());
  });

  it("choose a plural in every language where English does, or need none", () => {
    for (const [key, pattern] of Object.entries(en))
      expect([1, pattern.split("|").length], key).toContain(zh[key as keyof typeof en].split("|").length);
  });

  it("say nothing in words that the glossary replaces", () => {
    const banned = /\bpictures?\b|图片|\bmore exact\b|\bvery exact\b|server’s machine/i;
    for (const [language, catalogue] of Object.entries({ en, zh }))
      for (const [key, pattern] of Object.entries(catalogue)) expect(`${key} ${pattern}`, language).not.toMatch(banned);
  });

  it("spell color and grayscale one way", () => {
    for (const [key, pattern] of Object.entries(en))
      expect(pattern.replaceAll(/\{\w+\}/g, ""), key).not.toMatch(/\bcolours?\b|\bgr[ea]y\b/i);
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
