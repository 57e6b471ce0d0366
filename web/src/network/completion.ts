import { layer_kinds, layer_types } from "./layer_kinds";
import { enum_values, type ProtoSchema } from "./proto_schema";

export interface Suggestion {
  label: string;
  /** What it is, behind it. */
  detail: string;
  /** What is written, with the cursor behind it. */
  apply: string;
  kind: "property" | "enum" | "type";
}

export interface Completion {
  /** How many characters before the cursor the suggestion takes the place of. */
  typed: number;
  options: Suggestion[];
}

/** Types that the text form knows but that cannot be trained here. */
const not_offered = new Set(["HDF5Data", "HDF5Output", "ImageData", "MemoryData", "Python", "Recurrent", "WindowData"]);
export const offered_types = layer_types.filter((type) => !not_offered.has(type));

const fillers = ["constant", "gaussian", "positive_unitball", "uniform", "xavier", "msra", "bilinear"];

interface Place {
  /** Messages that are open at the cursor, outermost first; a name that is not known is "". */
  messages: string[];
  /** The field whose value is being written, or null where a field's name is. */
  field: string | null;
  typed: string;
  quoted: boolean;
}

/** What is being written at the end of `text`; null in comments. */
function place_in(text: string, schema: ProtoSchema, root: string): Place | null {
  const messages = [root];
  let field: string | null = null;
  let name: string | null = null;
  const pattern = /#[^\n]*|"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|[{}<>:]|[^\s{}<>:"'#,;[\]]+/g;
  let end = 0;
  let last = "";
  for (const match of text.matchAll(pattern)) {
    const token = match[0];
    end = match.index + token.length;
    last = token;
    if (token.startsWith("#")) {
      if (end === text.length) return null;
      continue;
    }
    const at_cursor = end === text.length;
    const open_quote = /^["']/.test(token) && (token.length === 1 || token.at(-1) !== token[0]);
    if (token === "{" || token === "<") {
      const outer = messages.at(-1)!;
      const type = schema.messages.get(outer)?.find((one) => one.name === (field ?? name))?.type;
      messages.push(type && schema.messages.has(type) ? type : "");
      field = null;
      name = null;
    } else if (token === "}" || token === ">") {
      if (messages.length > 1) messages.pop();
      field = null;
      name = null;
    } else if (token === ":") {
      field = name;
      name = null;
    } else if (at_cursor && (open_quote || !/^["']/.test(token))) {
      break;
    } else if (field !== null) {
      field = null;
    } else {
      name = token;
    }
  }
  const writing =
    end === text.length && !/^[{}<>:]$/.test(last) && !/^(["']).*\1$/.test(last.length > 1 ? last : "") ? last : "";
  const quoted = /^["']/.test(writing);
  return { messages, field, typed: quoted ? writing.slice(1) : writing, quoted };
}

/** Suggestions for what is being written at the end of `text`: field names of the message, layer types, enum values. */
export function complete(text: string, schema: ProtoSchema, root = "NetParameter"): Completion | null {
  const place = place_in(text, schema, root);
  if (!place) return null;
  const message = place.messages.at(-1)!;
  const fields = schema.messages.get(message) ?? [];
  const typed = place.typed.length;
  if (place.field === null) {
    if (place.quoted) return null;
    const options = fields
      // Layers of the oldest form are read, not written.
      .filter((field) => !(message === "NetParameter" && field.name === "layers"))
      .map((field): Suggestion => {
        const nested = schema.messages.has(field.type);
        return {
          label: field.name,
          detail: `${field.repeated ? "repeated " : ""}${field.type}${field.initial === "" ? "" : ` = ${field.initial}`}`,
          apply: nested ? `${field.name} { ` : `${field.name}: `,
          kind: "property",
        };
      });
    return { typed, options };
  }
  const field = fields.find((one) => one.name === place.field);
  if (!field) return null;
  const plain = (values: string[], detail: string): Completion => ({
    typed,
    options: values.map((value) => ({ label: value, detail, apply: value, kind: "enum" })),
  });
  const text_values = (values: { value: string; detail: string }[]): Completion => ({
    typed,
    options: values.map(({ value, detail }) => ({
      label: value,
      detail,
      apply: place.quoted ? `${value}"` : `"${value}"`,
      kind: "type",
    })),
  });
  if (message === "LayerParameter" && field.name === "type")
    return text_values(
      offered_types.map((value) => ({
        value,
        detail:
          Object.entries(layer_kinds).find(([, types]) => (types as readonly string[]).includes(value))?.[0] ?? "",
      })),
    );
  if (message === "FillerParameter" && field.name === "type")
    return text_values(fillers.map((value) => ({ value, detail: "filler" })));
  if (message === "NetStateRule" && /stage$/.test(field.name))
    return text_values(["train", "val", "deploy"].map((value) => ({ value, detail: "stage" })));
  if (message === "LayerParameter" && field.name === "bottom") {
    const tops = [...new Set([...text.matchAll(/\btop\s*:\s*"([^"\n]+)"/g)].map((match) => match[1]!))];
    return text_values(tops.reverse().map((value) => ({ value, detail: "blob" })));
  }
  if (field.type === "bool") return plain(["true", "false"], "bool");
  const values = enum_values(schema, message, field.type);
  return values ? plain(values, field.type) : null;
}
