import { answer, client, type DatasetSpec, type EvaluationSpec, type ModelSpec } from "../api/client";
import type { paths } from "../api/schema";
import type { AssumedImages } from "../network/use_describe";
import { pull_model } from "../pretrained/pull_model";

/** What the server proposes for a folder. */
export type TrainingPlan = paths["/datasets/propose"]["post"]["responses"]["200"]["content"]["application/json"];

/** The jobs of one training from a folder. */
export interface Course {
  dataset: string;
  model: string;
  test: string;
}

export interface Wanted {
  plan: TrainingPlan;
  dataset_name: string;
  model_name: string;
  /** The split to test with. */
  split: string;
}

/** The model's spec with its dataset, and with the pretrained network where the plan starts from one, or from its layers. */
export function planned_model(plan: TrainingPlan, dataset_id: string, pretrained: string | null): ModelSpec {
  if (pretrained === null) return { ...plan.model, dataset_id } as ModelSpec;
  const start =
    "network" in plan.model
      ? { weights: [{ pretrained, transfer: true }] }
      : { network: { pretrained }, weights: [{ pretrained }] };
  return { ...plan.model, ...start, dataset_id } as ModelSpec;
}

/** The split that a test uses: one that the training has not seen, if there is one. */
export function test_split(splits: Partial<Record<string, { count: number }>>): string {
  return ["test", "val"].find((name) => (splits[name]?.count ?? 0) > 0) ?? "train";
}

/** Creates dataset, training and test at once: each waits for the one before it. What was made before a refusal is kept in `made`. */
export async function start_training(wanted: Wanted, made: Partial<Course> & { pretrained?: string }): Promise<Course> {
  const { plan } = wanted;
  made.dataset ??= (
    await answer(client.POST("/datasets", { body: { name: wanted.dataset_name, spec: plan.dataset as DatasetSpec } }))
  ).id;
  if (plan.pretrained) made.pretrained ??= plan.pretrained.job ?? (await pull_model(plan.pretrained.store)).id;
  made.model ??= (
    await answer(
      client.POST("/models", {
        body: { name: wanted.model_name, spec: planned_model(plan, made.dataset, made.pretrained ?? null) },
      }),
    )
  ).id;
  const spec = { model_id: made.model, source: { type: "split", split: wanted.split } } as EvaluationSpec;
  made.test ??= (await answer(client.POST("/evaluations", { body: { spec } }))).id;
  return { dataset: made.dataset, model: made.model, test: made.test };
}

/**
 * What the worker is asked to measure: the network of a plan on images as the dataset will have them. Null where the
 * network is of a pretrained model that is not there yet.
 */
export function measured_model(plan: TrainingPlan, classes: number): ({ spec: ModelSpec } & AssumedImages) | null {
  const pretrained = plan.pretrained?.job ?? null;
  if (!("network" in plan.model) && pretrained === null) return null;
  const { image } = plan.dataset as DatasetSpec;
  const { dataset_id: _, weights: __, ...spec } = planned_model(plan, "", "network" in plan.model ? null : pretrained);
  return {
    spec: spec as ModelSpec,
    image: { width: image?.width ?? 256, height: image?.height ?? 256, channels: image?.channels ?? 3 },
    ...(classes > 0 ? { classes } : {}),
  };
}

/** How long a plan trains at a speed; validations take about a third of the time of as many training images. */
export function training_seconds(
  plan: TrainingPlan,
  scan: { splits: Partial<Record<string, { count: number }>> },
  images_per_s: { low: number; high: number } | undefined,
): { low: number; high: number } | null {
  if (!images_per_s || images_per_s.low <= 0) return null;
  const { epochs = 30 } = plan.model as Partial<ModelSpec>;
  const images = epochs * ((scan.splits.train?.count ?? 0) + (scan.splits.val?.count ?? 0) / val_speed);
  return images > 0 ? { low: images / images_per_s.high, high: images / images_per_s.low } : null;
}

/** Of a validation against training: no gradients. */
const val_speed = 3;
