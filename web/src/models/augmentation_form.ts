import type { Augmentation } from "../api/client";
import { optional_number } from "../forms/form_fields";

/** The fields of the form that vary images, as they are typed. */
export interface AugmentationForm {
  flip: "none" | "horizontal" | "vertical" | "both";
  turns: "none" | "quarter" | "half" | "all";
  rotation: string;
  scale: string;
  noise: string;
  contrast: string;
  hue: string;
  saturation: string;
  value: string;
  erasing: string;
  mosaic: string;
}

export const empty_augmentation: AugmentationForm = {
  flip: "none",
  turns: "none",
  rotation: "0",
  scale: "0",
  noise: "0",
  contrast: "0",
  hue: "0",
  saturation: "0",
  value: "0",
  erasing: "0",
  mosaic: "0",
};

export const augmentation_numbers = [
  "rotation",
  "scale",
  "noise",
  "contrast",
  "hue",
  "saturation",
  "value",
  "erasing",
  "mosaic",
] as const;

export const augmentation_places = Object.fromEntries(
  Object.keys(empty_augmentation).map((name) => [name, `/spec/augmentation/${name}`]),
) as Record<keyof AugmentationForm, string>;

export function augmentation_of(form: AugmentationForm): Augmentation {
  const numbers = augmentation_numbers.map((name) => [name, optional_number(form[name], 0)]);
  return { flip: form.flip, turns: form.turns, ...Object.fromEntries(numbers) } as Augmentation;
}

export function form_of_augmentation(augmentation: unknown): Partial<AugmentationForm> {
  if (typeof augmentation !== "object" || augmentation === null) return {};
  const known = Object.entries(augmentation).filter(([name]) => name in empty_augmentation);
  return Object.fromEntries(known.map(([name, value]) => [name, String(value)]));
}

/** The changes that are wanted, as words for the fold's title. */
export function wanted_changes(form: AugmentationForm): (keyof AugmentationForm)[] {
  return (Object.keys(empty_augmentation) as (keyof AugmentationForm)[]).filter(
    (name) => form[name].trim() !== "" && form[name] !== "none" && Number(form[name]) !== 0,
  );
}
