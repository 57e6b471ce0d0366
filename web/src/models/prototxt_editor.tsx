import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { bracketMatching, StreamLanguage, syntaxHighlighting } from "@codemirror/language";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration,
  type DecorationSet,
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { useComputedColorScheme } from "@mantine/core";
import { useEffect, useRef } from "react";
import { complete, registered_types } from "../network/completion";
import { parse_proto } from "../network/proto_schema";
import { theme as colours, highlighting } from "./editor_colours";
import "./editor.css";

const prototxt = StreamLanguage.define<null>({
  startState: () => null,
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^#.*/)) return "comment";
    if (stream.match(/^"(?:[^"\\]|\\.)*"?/) || stream.match(/^'(?:[^'\\]|\\.)*'?/)) return "string";
    if (stream.match(/^-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?f?\b/)) return "number";
    if (stream.match(/^[A-Za-z_]\w*(?=\s*[:{])/)) return "propertyName";
    if (stream.match(/^(?:true|false)\b/)) return "bool";
    if (stream.match(/^[A-Z][A-Z0-9_]*\b/)) return "atom";
    stream.next();
    return null;
  },
  languageData: { commentTokens: { line: "#" } },
});

/** What the server itself is built from: the messages of a network and the layers of the engine. */
async function load_language() {
  const [proto, registry] = await Promise.all([
    import("../../../proto/caffe.proto?raw"),
    import("../../../src/engine/layers/registry.cpp?raw"),
  ]);
  return { schema: parse_proto(proto.default), types: registered_types(registry.default) };
}

let language: ReturnType<typeof load_language> | null = null;

/** Suggests what fits where the cursor stands. */
async function suggest(context: CompletionContext): Promise<CompletionResult | null> {
  language ??= load_language();
  const { schema, types } = await language;
  const found = complete(context.state.sliceDoc(0, context.pos), schema, types);
  if (!found || found.options.length === 0) return null;
  const from = context.pos - found.typed;
  const before = context.state.sliceDoc(Math.max(0, from - 1), from);
  if (found.typed === 0 && !context.explicit && !/["']/.test(before)) return null;
  return {
    from,
    validFor: /^\w*$/,
    options: found.options.map(({ label, detail, apply, kind }) => ({ label, detail, apply, type: kind })),
  };
}

const set_faulty = StateEffect.define<number[]>();
const faulty_lines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let current = marks.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(set_faulty)) continue;
      const { doc } = transaction.state;
      const lines = [...new Set(effect.value)].filter((line) => line >= 1 && line <= doc.lines).sort((a, b) => a - b);
      current = Decoration.set(
        lines.map((line) => Decoration.line({ class: "cm-problem" }).range(doc.line(line).from)),
      );
    }
    return current;
  },
  provide: (field) => EditorView.decorations.from(field),
});

interface Props {
  value: string;
  label: string;
  on_change?: (text: string) => void;
  /** Lines to mark, counted from 1. */
  faulty?: number[];
  /** Moves the cursor there whenever the object changes. */
  go_to?: { line: number; column: number } | null;
}

/** A network's text; read-only without `on_change`. */
export default function PrototxtEditor({ value, label, on_change, faulty, go_to }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const changed = useRef(on_change);
  changed.current = on_change;
  const scheme = useComputedColorScheme("light");
  const theme = useRef(new Compartment());
  const first = useRef(value);
  const editable = on_change !== undefined;

  useEffect(() => {
    const editor = new EditorView({
      parent: host.current!,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          bracketMatching(),
          highlightSelectionMatches(),
          autocompletion({ override: [suggest], icons: false }),
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...searchKeymap]),
          prototxt,
          syntaxHighlighting(highlighting),
          colours,
          faulty_lines,
          theme.current.of(EditorView.darkTheme.of(false)),
          EditorState.readOnly.of(!editable),
          EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", tabindex: "0" }),
          EditorView.updateListener.of((update) => update.docChanged && changed.current?.(update.state.doc.toString())),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, [editable, label]);

  useEffect(() => {
    first.current = value;
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== value) {
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
    }
  }, [value]);

  useEffect(() => {
    view.current?.dispatch({ effects: theme.current.reconfigure(EditorView.darkTheme.of(scheme === "dark")) });
  }, [scheme]);

  useEffect(() => {
    view.current?.dispatch({ effects: set_faulty.of(faulty ?? []) });
  }, [faulty]);

  useEffect(() => {
    const editor = view.current;
    if (!editor || !go_to) return;
    const line = editor.state.doc.line(Math.min(Math.max(1, go_to.line), editor.state.doc.lines));
    const at = Math.min(line.from + Math.max(0, go_to.column - 1), line.to);
    editor.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    editor.focus();
  }, [go_to]);

  return <div ref={host} className="editor" />;
}
