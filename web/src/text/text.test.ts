import { describe, expect, it } from "vitest";
import { en } from "./en";
import { fill } from "./text";
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
    expect(fill("{time} left", "en", { time: "3 s" })).toBe("3 s left");
  });
});
