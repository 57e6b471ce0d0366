import type { FormField } from "../api/client";
import { type TextKey, useText } from "../text/text";
import { other_sources } from "./dataset_form";

/** What a source is called, by its name in a spec: "KITTI". */
export function useSourceTitle(fields: FormField[]): (name: string) => string {
  const { t, translated } = useText();
  const others = new Map(other_sources(fields).map((one) => [one.name, one]));
  return (name) => {
    const declared = others.get(name);
    return declared ? (translated(declared.key) ?? declared.label) : t(`source.${name}` as TextKey);
  };
}
