import type { DatasetFacts } from "../api/client";
import { defaults_of, type ModelForm } from "./model_form";

/** The folder of the included model that colour photographs start from. */
export const start_folder = "efficientnet-lite0";

/** Images smaller than this are hardly photographs. */
const least_side = 64;
/** Part of the training in which only the new last layer learns. */
const frozen_percent = 60;
/** How many images a fine-tuning shows in all, about. */
const shown = 1500;

/** Whether weights learned on photographs are a good start for a dataset. */
export function suits_fine_tuning(facts: DatasetFacts | null | undefined): boolean {
  if (facts?.type !== "classification" || facts.storage.backend !== "lmdb") return false;
  const { width, height, channels } = facts.image;
  return channels === 3 && Math.min(width, height) >= least_side;
}

/** A start from a pretrained model: the new last layer first, then all layers at a tenth of the rate. */
export function fine_tuning(form: ModelForm, pretrained: string, train_images: number): Partial<ModelForm> {
  const epochs = Math.min(40, Math.max(5, Math.round(shown / Math.max(1, train_images))));
  const fields = defaults_of({
    defaults: {
      epochs,
      mean: "none",
      crop_size: null,
      solver: { type: "SGD", base_lr: 0.01, lr_policy: "multistep", steps_percent: [frozen_percent], gamma: 0.1 },
      augmentation: { flip: "horizontal" },
    },
  } as never);
  return {
    ...fields,
    network: "pretrained",
    pretrained,
    others: { ...form.others, "/solver/freeze_percent": String(frozen_percent) },
  };
}

/** Back to a network with random weights, and what it wants. */
export function from_scratch(form: ModelForm, empty: Partial<ModelForm>): Partial<ModelForm> {
  return {
    ...empty,
    name: form.name,
    group: form.group,
    dataset_id: form.dataset_id,
    network: "standard",
    standard: "resnet18",
    pretrained: "",
    others: { ...form.others, "/solver/freeze_percent": "0" },
  };
}
