/** Reads protobuf's text form as far as the graph needs it; what is wrong is passed over, the server's check tells of it. */

export interface Message {
  fields: Field[];
}

export interface Field {
  name: string;
  /** Lines of the text, counted from 1. */
  line: number;
  end_line: number;
  value: string | Message;
}

interface Token {
  text: string;
  line: number;
  quoted: boolean;
}

function tokens_of(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /#[^\n]*|"((?:[^"\\\n]|\\.)*)"?|'((?:[^'\\\n]|\\.)*)'?|[{}<>:;,[\]]|[^\s{}<>:;,[\]"'#]+|\n/g;
  let line = 1;
  for (const match of text.matchAll(pattern)) {
    const [all] = match;
    if (all === "\n") line += 1;
    else if (all.startsWith("#") || all === ";" || all === ",") continue;
    else {
      const quoted = match[1] ?? match[2];
      tokens.push({ text: quoted ?? all, line, quoted: quoted !== undefined });
    }
  }
  return tokens;
}

export function parse_prototxt(text: string): Message {
  const tokens = tokens_of(text);
  let at = 0;
  const closes = (token: Token | undefined) => token !== undefined && !token.quoted && /^[}>]$/.test(token.text);
  const opens = (token: Token | undefined) => token !== undefined && !token.quoted && /^[{<]$/.test(token.text);
  const message = (inside: boolean): Message => {
    const fields: Field[] = [];
    while (at < tokens.length) {
      const token = tokens[at]!;
      if (closes(token)) {
        if (inside) break;
        at += 1;
        continue;
      }
      at += 1;
      if (token.quoted || !/^[A-Za-z_]/.test(token.text)) continue;
      const add = (value: string | Message) =>
        fields.push({ name: token.text, line: token.line, end_line: tokens[at - 1]?.line ?? token.line, value });
      const colon = tokens[at]?.text === ":" && !tokens[at]!.quoted;
      if (colon) at += 1;
      if (opens(tokens[at])) {
        at += 1;
        const value = message(true);
        at += 1;
        add(value);
      } else if (colon && tokens[at]?.text === "[" && !tokens[at]!.quoted) {
        for (at += 1; at < tokens.length && (tokens[at]!.quoted || tokens[at]!.text !== "]"); at += 1)
          fields.push({ name: token.text, line: token.line, end_line: token.line, value: tokens[at]!.text });
        at += 1;
      } else if (colon && tokens[at] && !closes(tokens[at])) {
        at += 1;
        add(tokens[at - 1]!.text);
      }
    }
    return { fields };
  };
  return message(false);
}

export function texts_of(message: Message, name: string): string[] {
  return message.fields.flatMap((field) =>
    field.name === name && typeof field.value === "string" ? [field.value] : [],
  );
}

export function messages_of(message: Message, name: string): Message[] {
  return message.fields.flatMap((field) =>
    field.name === name && typeof field.value !== "string" ? [field.value] : [],
  );
}

/** The value of a field that stands once; with several the last, as protobuf does. */
export function text_of(message: Message | undefined, name: string): string | undefined {
  return message && texts_of(message, name).at(-1);
}

/** The line of a bracket that nothing closes, or that closes nothing; null when all are paired. */
export function unpaired_line(text: string): number | null {
  const open: { text: string; line: number }[] = [];
  const pairs: Record<string, string> = { "}": "{", ">": "<", "]": "[" };
  for (const token of tokens_of(text)) {
    if (token.quoted) continue;
    if (/^[{<[]$/.test(token.text)) open.push(token);
    else if (pairs[token.text] && open.pop()?.text !== pairs[token.text]) return token.line;
  }
  return open.at(-1)?.line ?? null;
}
