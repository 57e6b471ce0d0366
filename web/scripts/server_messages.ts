import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where what people see on pages is said. Not here: the command line, DIGITS's own routes, HTTP itself and the developer's commands. */
const folders = ["src", "apps/digits-worker"];
const silent = [
  "src/cli/",
  "src/api/compat/",
  "src/engine/verify/",
  "src/http/",
  "src/kernels/",
  "src/metrics/cases/",
  "apps/digits-worker/bench",
  "apps/digits-worker/import",
  "apps/digits-worker/verify",
];
const spoken = ["src/http/fetch"];

const literal = String.raw`"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*`;
const text = `(${literal})\\s*[,)+?:]`;
/** What may stand in front of a message: a code, or the place of a field, `"/name"`, `"/" + name`, `{place, ""}`. */
const before = String.raw`(?:(?:(?:ErrorCode::)?[\w.>:\[\]()-]+|(?:std::string\()?"(?:\/[^"]*)?"\)?(?:\s*\+\s*[\w.]+)?|\{[^{};]*\}|[^",;()]*\?\s*"\/\w+"\s*:\s*"\/\w+")\s*,\s*)?`;
/** A choice between two messages begins with its condition. */
const condition = String.raw`(?:[^",;{}]*?\?\s*)?`;
const said = [
  String.raw`\b(?:fail|make_error|throw_invalid|invalid|wrong|fault|damaged)\(\s*${before}${condition}(?:fmt::format\(\s*)?${text}`,
  String.raw`\b(?:invalid|wrong)\([^;]*?\?\s*${literal}\s*:\s*(${literal})\s*[,)]`,
  String.raw`\bOnnxFault\{\s*(?:fmt::format\(\s*)?(${literal})\s*[,)}]`,
  String.raw`\.advise\(\s*(?:fmt::format\(\s*)?${text}`,
  String.raw`\.because\(\s*(?:fmt::format\(\s*)?${text}`,
  String.raw`\bEngineError\{\s*(?:fmt::format\(\s*)?${text}`,
  String.raw`warnings_?\.(?:push_back|emplace_back)\(\s*(?:fmt::format\(\s*)?${text}`,
  String.raw`\bsentence\(\s*${text}`,
  String.raw`\bnote(?:_at|_whole)?\([^";]*?(?:fmt::format\(\s*)?${text}`,
].map((pattern) => new RegExp(pattern, "g"));

/**
 * The messages of the server and its workers, as they stand in the source: text with `{}` where values come in. Their English is their
 * key, so that what was said by an older server, or comes through three processes, is still known. The value: the files that say it.
 */
export function server_messages(root: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const folder of folders)
    for (const file of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).sort()) {
      const path = `${folder}/${file}`;
      if (!/\.(cpp|hpp)$/.test(path) || /_test\.cpp$|_fixture\.hpp$|testing|conformance/.test(path)) continue;
      if (silent.some((part) => path.startsWith(part)) && !spoken.some((part) => path.startsWith(part))) continue;
      const source = readFileSync(join(root, path), "utf8").replace(/^\s*\/\/.*$/gm, "");
      for (const pattern of said)
        for (const [whole, literals] of source.matchAll(pattern)) {
          const key = key_of(literals!) + (whole.endsWith("+") ? "{}" : "");
          if (!key.startsWith("/") && /[a-z]{3}/i.test(key)) found.set(key, [...(found.get(key) ?? []), path]);
        }
    }
  return found;
}

/** `"not {:.1f} " "of"` is `not {} of`. */
function key_of(literals: string): string {
  return [...literals.matchAll(/"((?:[^"\\]|\\.)*)"/g)]
    .map(([, part]) => JSON.parse(`"${part!.replace(/\\'/g, "'").replace(/\\x([0-9a-f]{2})/gi, "\\u00$1")}"`) as string)
    .join("")
    .replace(/\{(\d*)(?::[^{}]*)?\}/g, "{}")
    .replaceAll("{{", "{")
    .replaceAll("}}", "}");
}
