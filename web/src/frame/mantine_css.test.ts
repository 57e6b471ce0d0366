import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

const source = join(import.meta.dirname, "..");
const mantine = dirname(createRequire(import.meta.url).resolve("@mantine/core/styles.css"));

/** Names of the components whose styles the file `path` of Mantine needs, itself or through what it imports. */
function styles_below(path: string, seen: Set<string>, found: Set<string>): void {
  if (seen.has(path)) return;
  seen.add(path);
  const name = /([A-Za-z]+)\.module\.mjs$/.exec(path)?.[1];
  if (name) found.add(name);
  for (const [, imported] of readFileSync(path, "utf8").matchAll(/from "(\.[^"]+)"/g))
    styles_below(join(dirname(path), imported!), seen, found);
}

it("has the styles of every component in use", () => {
  const index = join(mantine, "esm/index.mjs");
  const places = new Map<string, string>();
  for (const [, names, place] of readFileSync(index, "utf8").matchAll(/import \{([^}]*)\} from "(\.[^"]+)"/g))
    for (const name of names!.split(",")) places.set(name.trim(), join(dirname(index), place!));
  const needed = new Set<string>();
  const seen = new Set<string>();
  for (const file of readdirSync(source, { recursive: true, encoding: "utf8" }).filter((one) => one.endsWith(".tsx")))
    for (const [, names] of readFileSync(join(source, file), "utf8").matchAll(
      /import \{([^}]*)\} from "@mantine\/core"/g,
    ))
      for (const name of names!.split(",").map((one) => one.trim()))
        if (places.has(name)) styles_below(places.get(name)!, seen, needed);
  const imported = [
    ...readFileSync(join(import.meta.dirname, "mantine.css"), "utf8").matchAll(/core\/styles\/([A-Z]\w+)\.css/g),
  ].map((match) => match[1]);
  expect(needed.size).toBeGreaterThan(20);
  expect(imported.toSorted()).toEqual(
    [...needed].filter((name) => existsSync(join(mantine, `styles/${name}.css`))).toSorted(),
  );
});
