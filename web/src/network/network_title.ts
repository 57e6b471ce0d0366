import { useText } from "../text/text";

/** What a standard network is called in the language of the page; `declared`: by the server. */
export function useNetworkTitles(): (name: string, declared?: string) => string {
  const { known_text } = useText();
  return (name, declared = name) => known_text(`standard_title.${name}`) ?? declared;
}
