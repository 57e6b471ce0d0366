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

/** What a dataset calls its classes and how it draws them. */
export interface ClassNames {
  labels: readonly string[];
  /** `#rrggbb` of each class; may be empty. */
  palette: readonly string[];
}

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

/** By what the images of an evaluation can be chosen. */
export interface ImageFilter {
  /** The parameter of the query, in the address, too. */
  name: "truth" | "predicted" | "number";
  label: TextKey;
  /** Where nothing is chosen. */
  any: TextKey;
  choices: { value: string; label: string }[];
}

export interface OpenPrediction {
  job: string;
  facts: EvaluationFacts;
  item: Prediction;
  on_open: () => void;
}

/** An evaluated image that is looked at large. */
export interface OpenedPrediction {
  item: Prediction;
  src: string;
  facts: EvaluationFacts;
}

/** A tile; `small`: enlarged without smoothing, `names`: of the dataset's classes, with their colours. */
export interface SampleProps {
  item: Sample;
  src: string;
  small: boolean;
  names: ClassNames;
}

/** How the samples, targets and answers of one kind look. One folder here implements it; registry.ts lists it. */
export interface View {
  /** The first tab of a dataset: what its targets are, in numbers. */
  summary_tab: TextKey;
  Summary: ComponentType<{ data: Dataset; dataset: DatasetFacts }>;
  /** By what samples can be chosen on the explore page. */
  filters: readonly ("class" | "size" | "problems")[];
  /** A sample's tile on the explore page. */
  Sample: ComponentType<SampleProps>;
  /** A sample large, with its target drawn on it; absent: the image alone. */
  LargeSample?: ComponentType<{ item: Sample; src: string; names: ClassNames }>;
  /** The target in a few words: under the pointer and for screen readers. */
  target_text: (item: Sample) => string;
  /** The target beside the large image: `<dt>` and `<dd>` of a list of facts. */
  Target: ComponentType<{ item: Sample }>;
  /** The network's answer for one image of a test, and the same as rows of a CSV. `src`: the image, where the browser has it. */
  Answer: ComponentType<{ answer: Answer; src: string | null }>;
  /** `Answer` draws the image, so the page shows none beside it. */
  draws_image?: boolean;
  answer_columns: string[];
  answer_rows: (answer: Answer) => (string | number)[][];
  /** One image of an evaluation with what the network answered. */
  Prediction: ComponentType<OpenPrediction>;
  /** The same large; absent: the image with `Judged` below. */
  LargePrediction?: ComponentType<OpenedPrediction>;
  /** What is right and what the network answered, below the large image; absent: the class and `Answer`. */
  Judged?: ComponentType<OpenedPrediction>;
  /** How the images of an evaluation may be ordered, by the value of the query; absent: by probability. */
  orders?: { value: string; label: TextKey }[];
  /** By what they may be chosen; absent: by class, actual and predicted. */
  image_filters?: (facts: EvaluationFacts, words: Words) => ImageFilter[];
  /** The tabs of an evaluation before its images. */
  evaluation_tabs: EvaluationTab[];
  /** What the side panel of an evaluation says beyond counts and time. */
  evaluation_facts: (facts: EvaluationFacts, words: Words) => [label: string, value: ReactNode][];
  /** false: its evaluations keep no predictions of single images to list. */
  lists_images?: false;
}

/** The usual orders of images of an evaluation that knows how wrong each is. */
export const worst_first: View["orders"] = [
  { value: "worst", label: "images.sort.worst" },
  { value: "index", label: "images.sort.index" },
];
