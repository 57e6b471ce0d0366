import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { en, load_rest } from "./en";
import { zh } from "./zh";
import { declared } from "./zh/declared";

await load_rest();

interface Declared {
  key?: string;
  label?: string;
  help?: string;
  choices?: string[];
}

const forms: unknown = JSON.parse(readFileSync(new URL("../api/forms.json", import.meta.url), "utf8"));
/** Choices that are names, the same in every language. */
const names = /^(lmdb|hdf5|gzip|fp32|tf32|bf16|fp16|SGD|Nesterov|AdaGrad|RMSProp|AdaDelta|Adam|AdamW)$/;

function declared_in(value: unknown): Declared[] {
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.values(value).flatMap(declared_in);
  return "key" in value && value.key ? [value as Declared, ...inner] : inner;
}

describe("what the server declares of forms", () => {
  const chinese: Record<string, string> = { ...declared, ...zh };

  it("has a Chinese label, help and word for each choice", () => {
    const missing = declared_in(forms).flatMap(({ key, label, help, choices = [] }) => [
      ...(label && !chinese[key!] ? [`${key}: ${label}`] : []),
      ...(help && !chinese[`${key}.help`] ? [`${key}.help: ${help}`] : []),
      ...choices
        .filter((choice) => !names.test(choice))
        .map((choice) => `${key!.replace(/^field\./, "")}.${choice}`)
        .filter((choice) => !(choice in chinese) && !(choice in en)),
    ]);
    expect(declared_in(forms).length).toBeGreaterThan(60);
    expect(missing).toEqual([]);
  });
});
