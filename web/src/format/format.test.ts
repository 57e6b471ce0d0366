import { describe, expect, it } from "vitest";
import {
  bytes,
  date,
  duration,
  exact_date,
  metric,
  percent,
  rate,
  seconds_between,
  significant,
  whole,
} from "./format";

describe("numbers", () => {
  it.each([
    [0.9231, "92.31 %"],
    [1, "100.00 %"],
    [null, "–"],
  ])("percent(%s)", (value, text) => expect(percent(value)).toBe(text));

  it.each([
    [0.24169, "0.2417"],
    [2.345678, "2.346"],
    [0.00001234, "1.234e-5"],
    [0.00001, "1e-5"],
    [123456, "123,500"],
    [-27060, "-27,060"],
    [1234.5678, "1,235"],
    [999.9, "999.9"],
    [0, "0"],
    [Number.NaN, "NaN"],
    [undefined, "–"],
  ])("significant(%s)", (value, text) => expect(significant(value)).toBe(text));

  it("reads a metric by its name", () => {
    expect(metric("val/accuracy-top5", 0.5)).toBe("50.00 %");
    expect(metric("train/loss", 0.5)).toBe("0.5");
  });

  it("separates thousands", () => {
    expect(whole(60000)).toBe("60,000");
    expect(whole(-1234567, "zh-CN")).toBe("-1,234,567");
    expect(whole(999)).toBe("999");
    expect(rate(6890.4)).toBe("6,890");
    expect(rate(1.234)).toBe("1.2");
  });
});

describe("bytes", () => {
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [999_950, "1.0 MB"],
    [38_000_000, "38.0 MB"],
    [123_456_789, "123 MB"],
    [5e15, "5000 TB"],
  ])("bytes(%s)", (value, text) => expect(bytes(value)).toBe(text));
});

describe("duration", () => {
  it.each([
    [0.42, "0.4 s"],
    [18, "18 s"],
    [59.7, "1 min"],
    [200, "3 min 20 s"],
    [3599.6, "1 h"],
    [7500, "2 h 5 min"],
    [90000, "1 d 1 h"],
    [-1, "–"],
    [null, "–"],
  ])("duration(%s)", (value, text) => expect(duration(value)).toBe(text));
});

describe("dates", () => {
  const now = new Date(2026, 10, 23, 12, 0).getTime();
  const at = (...parts: [number, number, number, number, number]) => new Date(...parts).toISOString();

  it.each([
    [at(2026, 10, 23, 10, 21), "today 10:21"],
    [at(2026, 10, 23, 0, 5), "today 00:05"],
    [at(2026, 10, 22, 23, 59), "yesterday 23:59"],
    [at(2026, 2, 3, 9, 5), "3 Mar 09:05"],
    [at(2024, 2, 3, 9, 5), "3 Mar 2024 09:05"],
    [null, "–"],
  ])("date(%s)", (iso, text) => expect(date(iso, now, "en-GB", "today", "yesterday")).toBe(text));

  it("tells the second on demand", () => {
    expect(exact_date(at(2026, 10, 3, 9, 5))).toBe("2026-11-03 09:05:00");
    expect(exact_date(null)).toBe("–");
  });

  it("measures from start to end, or to now while running", () => {
    const start = new Date(now - 5000).toISOString();
    expect(seconds_between(start, null, now)).toBe(5);
    expect(seconds_between(start, new Date(now - 2000).toISOString(), now)).toBe(3);
    expect(seconds_between(null, null, now)).toBeNull();
  });
});
