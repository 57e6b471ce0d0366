import type { FormField } from "../api/client";
import { useText } from "../text/text";

/** Sources with words of their own on the pages; the server declares those of the others. */
const own = ["folder", "lists", "upload", "crops"] as const;

/** What a source is called, by its name in a spec: "KITTI". Before the `fields` are there, the name itself. */
export function useSourceTitle(fields: FormField[]): (name: string) => string {
  const { t, translated } = useText();
  const declared = new Map(fields.find(({ path }) => path === "/source")?.variants.map((one) => [one.name, one]));
  return (name) => {
    const known = own.find((one) => one === name);
    if (known) return t(`source.${known}`);
    const variant = declared.get(name);
    return variant ? (translated(variant.key) ?? variant.label) : name;
  };
}
