import { number_list } from "../forms/form_fields";
import type { ModelForm } from "./model_form";

/** Fields that take several values, divided by commas. */
export const swept = ["base_lr", "batch_size"] as const;
export const most_jobs = 64;

const short: Record<(typeof swept)[number], string> = { base_lr: "lr", batch_size: "batch" };

/** The forms of all combinations; one job alone keeps its name, several get their values behind it and a group. */
export function sweep_of(form: ModelForm): ModelForm[] {
  let made = [{ form, words: [] as string[] }];
  for (const name of swept) {
    const values = [...new Set(number_list(form[name]).map(String))];
    if (values.length < 2) continue;
    made = made.flatMap(({ form: one, words }) =>
      values.map((value) => ({ form: { ...one, [name]: value }, words: [...words, `${short[name]} ${value}`] })),
    );
  }
  if (made.length === 1) return [form];
  const name = form.name.trim();
  return made.map(({ form: one, words }) => ({
    ...one,
    name: name === "" ? "" : `${name} ${words.join(" ")}`,
    group: form.group.trim() || name,
  }));
}
