export interface ProtoField {
  name: string;
  /** `uint32`, a message or an enum by its name. */
  type: string;
  repeated: boolean;
  /** As the .proto file writes it; "" without one. */
  initial: string;
}

export interface ProtoSchema {
  messages: Map<string, ProtoField[]>;
  /** By name; one that stands inside a message is found as `Message.Enum`. */
  enums: Map<string, string[]>;
}

/** The messages and enums of a proto2 file, as far as one needs them to write its text form. */
export function parse_proto(text: string): ProtoSchema {
  const messages = new Map<string, ProtoField[]>();
  const enums = new Map<string, string[]>();
  const stack: { kind: "message" | "enum" | "other"; name: string }[] = [];
  const inside = () => stack.at(-1);
  for (const line of text.split("\n")) {
    const code = line.replace(/\/\/.*/, "");
    const opened = /^\s*(message|enum|oneof|extend)\s+(\w+)\s*\{/.exec(code);
    if (opened) {
      const kind = opened[1] === "message" || opened[1] === "enum" ? opened[1] : "other";
      const outer = inside();
      const name = kind === "enum" && outer?.kind === "message" ? `${outer.name}.${opened[2]}` : opened[2]!;
      stack.push({ kind, name });
      if (kind === "message") messages.set(name, []);
      if (kind === "enum") enums.set(name, []);
    }
    const at = inside();
    const field =
      /\b(optional|required|repeated)\s+([\w.]+)\s+(\w+)\s*=\s*\d+\s*(?:\[.*?default\s*=\s*("[^"]*"|[^\],\s]+).*)?/.exec(
        code,
      );
    if (at?.kind === "message" && field)
      messages.get(at.name)!.push({
        name: field[3]!,
        type: field[2]!.split(".").at(-1)!,
        repeated: field[1] === "repeated",
        initial: field[4] ?? "",
      });
    if (at?.kind === "enum")
      for (const value of code.replace(/^.*\{/, "").matchAll(/(\w+)\s*=\s*-?(?:0x)?\w+/g))
        enums.get(at.name)!.push(value[1]!);
    // A one-line block closes where it opened.
    const closed = (code.match(/\}/g) ?? []).length;
    for (let i = 0; i < closed; i++) stack.pop();
  }
  return { messages, enums };
}

/** The values of an enum as seen from inside a message. */
export function enum_values(schema: ProtoSchema, message: string, type: string): string[] | undefined {
  return schema.enums.get(`${message}.${type}`) ?? schema.enums.get(type);
}
