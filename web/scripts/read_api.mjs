// Writes what `digits` serves to where the types, the mock and the unit tests read it: the OpenAPI document and the
// fields of the forms. The program is DIGITS_PROGRAM, or else the one that scripts/build leaves.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const program = process.env.DIGITS_PROGRAM ?? here("../../build/release/digits");
if (!existsSync(program)) {
  console.error(`${program} is missing: run scripts/build first, or set DIGITS_PROGRAM to a digits program`);
  process.exit(1);
}

/** Leaves a file alone that would stay the same, so that nothing is built again for it. */
function write(path, text) {
  if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
}

const print = (...words) => execFileSync(program, ["openapi", ...words], { encoding: "utf8", maxBuffer: 1 << 26 });
write(here("../src/api/openapi.json"), print());
const forms = Object.fromEntries(
  ["dataset", "model", "evaluation", "model_export", "publication"].map((kind) => [
    kind,
    JSON.parse(print("--form", kind)),
  ]),
);
write(here("../src/api/forms.json"), `${JSON.stringify(forms, null, 1)}\n`);
