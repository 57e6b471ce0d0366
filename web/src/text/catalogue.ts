import { type Catalogue, en, load_rest } from "./en";
import { as_said, type Said, translate_messages } from "./server_words";

export type { Catalogue } from "./en";
export type TextKey = keyof Catalogue;
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

export interface Texts {
  catalogue: Catalogue;
  said: Said;
}

export async function load_texts(language: Language): Promise<Texts> {
  if (language === "en") return { catalogue: en, said: as_said };
  const [{ zh }, { declared }, { messages }, { composed }] = await Promise.all([
    import("./zh"),
    import("./zh/declared"),
    import("./zh/messages"),
    import("./zh/composed"),
    load_rest(),
  ]);
  const catalogue = { ...declared, ...zh };
  return { catalogue, said: translate_messages({ ...messages, ...composed }, labels_in(catalogue)) };
}

/** Messages name a field by its English label. */
function labels_in(catalogue: Catalogue): Record<string, string> {
  const fields = (Object.keys(en) as TextKey[]).filter((key) => key.startsWith("field.") && !key.endsWith(".help"));
  return Object.fromEntries(fields.map((key) => [en[key], catalogue[key]]));
}
