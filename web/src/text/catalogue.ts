import { en } from "./en";

export type TextKey = keyof typeof en;
export type Catalogue = Record<TextKey, string>;
export type Language = "en" | "zh";

const storage_key = "digits.language";

/** The language that was chosen in this browser, or else the browser's own. */
export function first_language(): Language {
  const kept = localStorage.getItem(storage_key);
  if (kept === "en" || kept === "zh") return kept;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export function keep_language(language: Language): void {
  localStorage.setItem(storage_key, language);
}

export async function load_catalogue(language: Language): Promise<Catalogue> {
  if (language === "en") return en;
  const [{ zh }, { declared }] = await Promise.all([import("./zh"), import("./zh/declared")]);
  return { ...declared, ...zh };
}
