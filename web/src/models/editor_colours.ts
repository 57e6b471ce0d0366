import { HighlightStyle } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** What a colour is in the light and in the dark theme. */
type Pair = readonly [light: string, dark: string];

export const texts = {
  plain: ["#1f1f1f", "#d6d6d6"],
  comment: ["#59626b", "#a5aeb8"],
  string: ["#0a5c36", "#8ce99a"],
  number: ["#0b4f9e", "#74c0fc"],
  name: ["#862e9c", "#e599f7"],
  constant: ["#a33c00", "#ffc078"],
} as const satisfies Record<string, Pair>;

/** Any text may stand on any of them. */
export const backgrounds = {
  page: ["#ffffff", "#16191e"],
  active_line: ["#f3f6fa", "#20252d"],
  gutter: ["#f1f3f6", "#1c2027"],
  selection: ["#d0e2fb", "#1f3b5c"],
  match: ["#d9f2c4", "#284121"],
  problem: ["#ffe3e3", "#5c1f1f"],
} as const satisfies Record<string, Pair>;

const css = ([light, dark]: Pair) => `light-dark(${light}, ${dark})`;

export const highlighting = HighlightStyle.define([
  { tag: tags.comment, color: css(texts.comment) },
  { tag: tags.string, color: css(texts.string) },
  { tag: tags.number, color: css(texts.number) },
  { tag: tags.propertyName, color: css(texts.name) },
  { tag: [tags.bool, tags.atom], color: css(texts.constant) },
]);

const selection = { background: css(backgrounds.selection) };
const match = { background: css(backgrounds.match) };

/** CodeMirror's own backgrounds leave too little contrast in the dark. */
export const theme = EditorView.theme({
  "&": { color: css(texts.plain), background: css(backgrounds.page) },
  ".cm-gutters": { color: css(texts.comment), background: css(backgrounds.gutter), borderColor: "var(--line)" },
  ".cm-activeLineGutter": { background: css(backgrounds.active_line) },
  ".cm-activeLine": { background: css(backgrounds.active_line) },
  ".cm-selectionBackground": selection,
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": selection,
  ".cm-selectionMatch": match,
  "&.cm-focused .cm-matchingBracket": match,
  ".cm-problem": { background: css(backgrounds.problem) },
});
