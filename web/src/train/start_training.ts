import { answer, client, type DatasetSpec, type EvaluationSpec, type ModelSpec } from "../api/client";
import type { paths } from "../api/schema";
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
