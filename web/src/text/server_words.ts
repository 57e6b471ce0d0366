/** Says in the language of the page what the server said in English. */
export type Said = (english: string) => string;

export const as_said: Said = (english) => with_times(english);

/** Quoted texts, paths with an ending, and a file name in front of what is said of it: they stay as they are. */
const names = /"[^"\n]*"|“[^”\n]*”|(?<![^\s(：])\/[^:：;；"\n]*?\.[a-z]\w*(?![\w/])|^[^:："\n]*?\.[a-z]\w*(?=: |：)/iu;
/** `28 x 28`, `N x 3 x H`, `(a + b) x 2`; not where a word goes on as the name of a file or folder does. */
const side = /(?:\d+\.\d+|[\p{L}\d]+)/u;
const sizes = new RegExp(
  `(?:(?<![\\p{L}\\d/\\\\._]|[\\p{L}\\d]-)${side.source}|\\))(?: x ${side.source})* x (?:${side.source}|\\()` +
    `(?![\\p{L}\\d]*(?: x ${side.source})*(?:[/\\\\_-]|\\.[a-z]))`,
  "u",
);
const names_or_sizes = new RegExp(`(${names.source})|${sizes.source}`, "giu");

/** The server writes sizes as terminals do: `28 x 28`. */
function with_times(text: string): string {
  return text.replace(names_or_sizes, (found, name?: string) =>
    name === undefined ? found.replace(/(?<=[\d\p{L})]) x (?=\d)|(?<=\d) x (?=[\p{L}(])/gu, " × ") : found,
  );
}

interface Known {
  /** Finds the values of the placeholders. */
  pattern: RegExp;
  /** How much of the message is text: the more, the more particular it is. */
  weight: number;
  /** The longest piece of it: what lacks that is not this message. */
  piece: string;
  translation: string;
}

const placeholder = /(?<!\{)\{(\d*)\}(?!\})/g;

/**
 * The English of a message is its key: text with `{}` for values, as in the server's source. `{}` in the translation takes the values in
 * their order, `{2}` the second. Values are messages and labels themselves, or stay as they are: names, paths and numbers.
 */
export function translate_messages(messages: Record<string, string>, labels: Record<string, string> = {}): Said {
  const whole = new Map<string, string>();
  const known: Known[] = [];
  for (const [key, translation] of Object.entries(messages)) {
    const pieces = key.split("{}");
    if (pieces.length === 1) whole.set(key, translation);
    else
      known.push({
        pattern: new RegExp(`^${pieces.map(escaped).join("(.*?)")}$`, "s"),
        weight: 1000 * key.replace(/[^a-z]/gi, "").length + key.replace(/[\s{}]/g, "").length,
        piece: pieces.reduce((longest, piece) => (piece.length > longest.length ? piece : longest)),
        translation,
      });
  }
  known.sort((a, b) => b.weight - a.weight);
  const kept = new Map<string, string>();

  const search = (english: string, depth: number): string | null => {
    const simple = whole.get(english) ?? labels[english];
    if (simple !== undefined) return simple;
    if (depth > 4 || !/[a-z]{2}/i.test(english)) return null;
    for (const { pattern, piece, translation } of known) {
      if (!english.includes(piece)) continue;
      const match = pattern.exec(english);
      if (match)
        return fill_in(
          translation,
          match.slice(1).map((value) => search(value, depth + 1) ?? value),
        );
    }
    return in_parts(english, /^(.+?)(: )(.+)$/s, "：", depth) ?? in_parts(english, /^(.+?)(; |\. )(.+)$/s, "；", depth);
  };
  /** What was put in front of a message, or behind it. */
  const in_parts = (english: string, split: RegExp, joint: string, depth: number): string | null => {
    const [, left, , right] = split.exec(english) ?? [];
    if (left === undefined || right === undefined) return null;
    const [first, second] = [search(left, depth + 1), search(right, depth + 1)];
    return first === null && second === null ? null : `${first ?? left}${joint}${second ?? right}`;
  };

  return (english) => {
    if (english === "") return english;
    const before = kept.get(english);
    if (before !== undefined) return before;
    const translation = with_times(search(english, 0) ?? english);
    if (kept.size > 2000) kept.clear();
    kept.set(english, translation);
    return translation;
  };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The numbers of the values that the placeholders of a translation take, from 1. */
export function places_of(translation: string): number[] {
  const asked = [...translation.matchAll(placeholder)].map(([, number]) => Number(number));
  let next = 0;
  return asked.map((number) => {
    if (number > 0) return number;
    do next += 1;
    while (asked.includes(next));
    return next;
  });
}

function fill_in(translation: string, values: string[]): string {
  const places = places_of(translation);
  let i = 0;
  return translation.replace(placeholder, () => values[places[i++]! - 1] ?? "");
}
