import createClient from "openapi-fetch";
import { creation_keys } from "./creation_keys";
import { fetch_first } from "./first_answers";
import type { components, paths } from "./schema";

type Schemas = components["schemas"];
export type Job = Schemas["Job"];
export type JobState = Schemas["JobState"];
export type JobKind = Schemas["JobKind"];
export type JobPage = Schemas["JobPage"];
export type Dataset = Schemas["Dataset"];
export type DatasetFacts = Schemas["DatasetFacts"];
export type DatasetImage = Schemas["DatasetImage"];
export type DatasetReport = Schemas["DatasetReport"];
export type DatasetScan = Schemas["DatasetScan"];
export type DatasetSpec = Schemas["DatasetSpec"];
export type Split = Schemas["Split"];
export type Model = Schemas["Model"];
export type ModelSpec = Schemas["ModelSpec"];
export type ModelCheck = Schemas["ModelCheck"];
export type Diagnostic = Schemas["Diagnostic"];
export type Metrics = Schemas["Metrics"];
export type MetricsEvent = Schemas["MetricsEvent"];
export type Series = Schemas["Series"];
export type Snapshot = Schemas["Snapshot"];
export type SnapshotEvent = Schemas["SnapshotEvent"];
export type PushEvent = Schemas["PushEvent"];
export type LogEvent = Schemas["LogEvent"];
export type Network = Schemas["Network"];
export type MemoryEstimate = Schemas["MemoryEstimate"];
export type NetworkDescription = Schemas["NetworkDescription"];
export type LayerDescription = Schemas["LayerDescription"];
export type Augmentation = Schemas["Augmentation"];
export type Classification = Schemas["Classification"];
export type EvaluationSpec = Schemas["EvaluationSpec"];
export type Evaluation = Schemas["Evaluation"];
export type EvaluationFacts = Schemas["EvaluationFacts"];
export type ClassScore = Schemas["ClassScore"];
export type ImagePrediction = Schemas["ImagePrediction"];
export type LayerViews = Schemas["LayerViews"];
export type LayerView = Schemas["LayerView"];
export type Pretrained = Schemas["Pretrained"];
export type ModelExport = Schemas["ModelExport"];
export type ModelStore = Schemas["ModelStore"];
export type Problem = Schemas["Problem"];
export type FormField = Schemas["FormField"];
export type Session = Schemas["Session"];
export type Hardware = Schemas["Hardware"];
export type System = Schemas["System"];
export type Doctor = Schemas["Doctor"];

export const api_root = "/api/v1";

/** A request that the server refused, or that did not reach it (`problem.status` 0). */
export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
    this.name = "ProblemError";
  }
}

export function unreachable(detail: string): Problem {
  return { type: "about:blank", title: "", status: 0, code: "unavailable", detail, where: "", advice: "" };
}

export const client = createClient<paths>({ baseUrl: api_root, fetch: fetch_first });
client.use(creation_keys());

/** Turns openapi-fetch's answer into data, or throws a ProblemError. */
export async function answer<T>(
  request: Promise<{ data?: T; error?: unknown; response: Response }>,
): Promise<NonNullable<T>> {
  let result: { data?: T; error?: unknown; response: Response };
  try {
    result = await request;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ProblemError(unreachable(String(error instanceof Error ? error.message : error)));
  }
  if (!result.response.ok) throw new ProblemError(problem_from(result.error, result.response));
  return result.data as NonNullable<T>;
}

export function problem_from(body: unknown, response: { status: number; statusText: string }): Problem {
  if (body && typeof body === "object" && "detail" in body) return body as Problem;
  const text = typeof body === "string" ? body.slice(0, 500) : "";
  return {
    ...unreachable(text || response.statusText || `HTTP ${response.status}`),
    title: response.statusText,
    status: response.status,
    code: "internal",
  };
}

/** Where a file of a job is read from. */
export function file_url(job: string, path: string): string {
  return `${api_root}/files/${job}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

export function archive_url(model: string, snapshot: string): string {
  return `${api_root}/models/${model}/archive?snapshot=${encodeURIComponent(snapshot)}`;
}

export function report_url(model: string, format: "html" | "pdf"): string {
  return `${api_root}/models/${model}/report?format=${format}`;
}

export function export_url(model: string, name: string): string {
  return `${api_root}/models/${model}/exports/${encodeURIComponent(name)}`;
}

export function store_logo_url(model: string): string {
  return `${api_root}/stores/models/${encodeURIComponent(model)}/logo`;
}

export function store_preview_url(model: string, number: number): string {
  return `${api_root}/stores/models/${encodeURIComponent(model)}/previews/${number}`;
}

export function predictions_csv_url(evaluation: string): string {
  return `${api_root}/evaluations/${evaluation}/predictions.csv`;
}

export function evaluated_image_url(evaluation: string, index: number): string {
  return `${api_root}/evaluations/${evaluation}/images/${index}`;
}

export function pretrained_archive_url(id: string): string {
  return `${api_root}/pretrained/${id}/archive`;
}

export function metrics_csv_url(model: string): string {
  return `${api_root}/models/${model}/metrics.csv`;
}
