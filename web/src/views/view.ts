import type { ComponentType, ReactNode } from "react";
import type {
  Classification,
  Dataset,
  DatasetFacts,
  DatasetImage,
  EvaluationFacts,
  ImagePrediction,
} from "../api/client";
import type { TextKey, useText } from "../text/text";

/** What the server says of a sample, of an answer and of a row of an evaluation. A view reads the members of its own kind and expects others to be absent. */
type Open<T> = T & { view?: string; [member: string]: unknown };
export type Sample = Open<DatasetImage>;
export type Answer = Open<Classification["images"][number]>;
export type Prediction = Open<ImagePrediction>;
export type Words = ReturnType<typeof useText>;

export interface EvaluationPanelProps {
  /** The evaluation's job. */
  job: string;
  name: string;
  facts: EvaluationFacts;
  /** The address's query, and how to change it: a view keeps its choices there. */
  params: URLSearchParams;
  set: (changes: Record<string, string | null>) => void;
}

export interface EvaluationTab {
  id: string;
  label: TextKey;
  Panel: ComponentType<EvaluationPanelProps>;
}

export interface OpenPrediction {
  job: string;
  item: Prediction;
  on_open: () => void;
}

/** How the samples, targets and answers of one kind look. One folder here implements it; registry.ts lists it. */
export interface View {
  /** The first tab of a dataset: what its targets are, in numbers. */
  summary_tab: TextKey;
  Summary: ComponentType<{ data: Dataset; dataset: DatasetFacts }>;
  /** A sample's tile on the explore page; `small`: enlarged without smoothing. */
  Sample: ComponentType<{ item: Sample; src: string; small: boolean }>;
  /** The target in a few words: under the pointer and for screen readers. */
  target_text: (item: Sample) => string;
  /** The target beside the large image: `<dt>` and `<dd>` of a list of facts. */
  Target: ComponentType<{ item: Sample }>;
  /** The network's answer for one image of a test, and the same as rows of a CSV. */
  Answer: ComponentType<{ answer: Answer }>;
  answer_columns: string[];
  answer_rows: (answer: Answer) => (string | number)[][];
  /** One image of an evaluation with what the network answered. */
  Prediction: ComponentType<OpenPrediction>;
  /** The tabs of an evaluation before its images. */
  evaluation_tabs: EvaluationTab[];
  /** What the side panel of an evaluation says beyond counts and time. */
  evaluation_facts: (facts: EvaluationFacts, words: Words) => [label: string, value: ReactNode][];
}
