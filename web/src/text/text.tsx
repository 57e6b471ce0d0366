import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from "react";
import { type Problem, ProblemError } from "../api/client";
import * as format from "../format/format";
import { keep_language, type Language, load_texts, type TextKey, type Texts } from "./catalogue";
import { en } from "./en";
import type { Said } from "./server_words";

export type { Catalogue, Language, TextKey } from "./catalogue";

export const languages: { id: Language; name: string; tag: string }[] = [
  { id: "en", name: "English", tag: "en" },
  { id: "zh", name: "中文", tag: "zh-CN" },
];

export type Translate = (key: TextKey, values?: Record<string, string | number>) => string;

/** Fills `{name}`; in `one|other` the number `n` chooses. */
export function fill(pattern: string, tag: string, values: Record<string, string | number> = {}): string {
  const forms = pattern.split("|");
  const form = forms.length > 1 && values.n !== 1 ? forms[1]! : forms[0]!;
  return form.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    return typeof value === "number" ? format.number(value, tag) : (value ?? "");
  });
}

/** A word of the server's data in the words of the page, if it is one of those that every training has: `loss`, `iterations`. */
function data_word(word: string, t: Translate): string {
  return known_text(`word.${word}`, t) ?? word;
}

function known_text(key: string, t: Translate): string | null {
  return key in en ? t(key as TextKey) : null;
}

/** Two words side by side: Chinese ones without a space. */
export function beside(left: string, right: string): string {
  return /\p{Script=Han}$/u.test(left) && /^\p{Script=Han}/u.test(right) ? left + right : `${left} ${right}`;
}

interface TextContext {
  t: Translate;
  /** The page's text for a key that the server names; undefined where there is none: the server's English then stands. */
  translated: (key: string) => string | undefined;
  /** What the server said, in the language of the page. */
  said: Said;
  tag: string;
  language: Language;
  set_language: (language: Language) => void;
}

const Context = createContext<TextContext | null>(null);
export interface ShownText extends Texts {
  language: Language;
}

export function TextProvider({ first, children }: { first: ShownText; children: ReactNode }) {
  const [wanted, set_wanted] = useState<Language>(first.language);
  const [shown, set_shown] = useState<ShownText>(first);
  useEffect(() => {
    keep_language(wanted);
    let current = true;
    void load_texts(wanted).then((texts) => {
      if (!current) return;
      set_shown({ language: wanted, ...texts });
      document.documentElement.lang = wanted;
    });
    return () => {
      current = false;
    };
  }, [wanted]);
  const value = useMemo<TextContext>(() => {
    const tag = languages.find((language) => language.id === shown.language)?.tag ?? "en";
    return {
      t: (key, values) => fill(shown.catalogue[key], tag, values),
      translated: (key) => (shown.catalogue as Partial<Record<string, string>>)[key],
      said: shown.said,
      tag,
      language: shown.language,
      set_language: set_wanted,
    };
  }, [shown]);
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useText() {
  const context = useContext(Context);
  if (!context) throw new Error("useText outside of TextProvider");
  const { t, translated, said, tag, language, set_language } = context;
  return useMemo(() => {
    const series = (name: string) =>
      name
        .split("/")
        .map((part) => data_word(part, t))
        .reduce(beside);
    const units = { d: t("unit.d"), h: t("unit.h"), min: t("unit.min"), s: t("unit.s") };
    return {
      t,
      translated,
      said,
      said_error: (error: unknown) => (error instanceof ProblemError ? said(error.problem.detail) : String(error)),
      said_problem: (problem: Problem): Problem => ({
        ...problem,
        title: said(problem.title),
        // A message may list what was found, a line each.
        detail: problem.detail.split("\n").map(said).join("\n"),
        advice: said(problem.advice),
        faults: problem.faults?.map((fault) => ({
          ...fault,
          detail: said(fault.detail),
          advice: said(fault.advice),
        })),
      }),
      tag,
      language,
      set_language,
      whole: (value: number | null | undefined) => format.whole(value, tag),
      rate: (value: number | null | undefined) => format.rate(value, tag),
      duration: (seconds: number | null | undefined) => format.duration(seconds, units),
      date: (iso: string | null | undefined) => format.date(iso, Date.now(), tag, t("date.today"), t("date.yesterday")),
      exact_date: format.exact_date,
      /** The text of a key that data have a part in, if there is one. */
      known_text: (key: string) => known_text(key, t),
      data_word: (word: string) => data_word(word, t),
      series,
      best_of: (name: string) => beside(t("word.best"), series(name)),
      last_of: (name: string) => beside(t("word.last"), series(name)),
      listed: (words: string[]) => words.filter((word) => word !== "").join(t("list.comma")),
    };
  }, [t, translated, said, tag, language, set_language]);
}
