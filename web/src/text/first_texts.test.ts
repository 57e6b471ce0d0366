import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { first } from "./en";
import { rest } from "./en/rest";

const source = resolve(import.meta.dirname, "..");

function found(path: string): string | null {
  for (const ending of [".ts", ".tsx", "/index.ts"]) {
    try {
      readFileSync(path + ending);
      return path + ending;
    } catch {
      // the next one
    }
  }
  return null;
}

/** The modules that are there before anything is loaded later. */
function loaded_first(path: string, seen: Map<string, string>): void {
  if (seen.has(path)) return;
  const text = readFileSync(path, "utf8");
  seen.set(path, text);
  for (const [, types, name] of text.matchAll(/^(?:import|export) (type )?[^;]*?from "(\.[^"]+)";/gm)) {
    const next = types ? null : found(resolve(dirname(path), name!));
    if (next && !next.includes("/text/")) loaded_first(next, seen);
  }
}

describe("the page that is shown first", () => {
  const modules = new Map<string, string>();
  loaded_first(resolve(source, "frame/app.tsx"), modules);
  loaded_first(resolve(source, "text/text.tsx"), modules);

  it("is made of many modules", () => {
    expect([...modules.keys()].some((path) => path.endsWith("home/job_table.tsx"))).toBe(true);
    expect([...modules.keys()].some((path) => path.endsWith("models/model_page.tsx"))).toBe(false);
  });

  it("waits for the texts of what it loads later", () => {
    const without = [...modules].filter(([, text]) => /lazy\(\(\) => import/.test(text));
    expect(without.map(([path]) => path)).toEqual([]);
  });

  it("needs no text that is loaded later", () => {
    const later = Object.keys(rest);
    const wrong: string[] = [];
    for (const [path, text] of modules) {
      for (const [, word] of text.matchAll(/["`]([a-z_]+\.[a-z_.]*)/g)) {
        const whole = text.includes(`"${word}"`);
        const missing = whole ? word! in rest : !(word! in first) && later.some((key) => key.startsWith(word!));
        if (missing) wrong.push(`${path.slice(source.length + 1)}: ${word}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
