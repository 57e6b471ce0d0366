import { evaluated_image_url } from "../../api/client";
import { useText } from "../../text/text";
import { SampleImage } from "../sample_image";
import type { Answer, EvaluationPanelProps, OpenPrediction, Sample, SampleProps, View } from "../view";
import { NumberTable } from "./number_table";
import { answer_numbers, type NumberRow, numbers_of } from "./numbers";

/** What the rows around an answer say already. */
const of_answer = ["name", "view", "error"];
const of_sample = [
  "index",
  "file",
  "width",
  "height",
  "channels",
  "view",
  "label",
  "label_name",
  "values",
  "value_names",
];
const of_row = ["index", "image", "view"];
const of_evaluation = ["format", "model_id", "snapshot", "source", "labels", "unreadable", "warnings", "view"];

/** The target: numbers by their names, and the class or the labels where there are some. */
function target_rows(item: Sample): NumberRow[] {
  const rows = numbers_of(item, of_sample);
  if (item.label_name !== "") return [["label", item.label_name], ...rows];
  const { values = [], value_names = [] } = item;
  return [...values.map((value, i): NumberRow => [value_names[i] ?? `values[${i}]`, value]), ...rows];
}

/** An answer without the empty list of classes that every answer has. */
function answer_rows(answer: Answer): NumberRow[] {
  return answer_numbers(answer, answer.predictions?.length ? of_answer : [...of_answer, "predictions"]);
}

function RawSample({ item, src }: SampleProps) {
  const { t } = useText();
  return <img loading="lazy" decoding="async" src={src} alt={t("raw.sample", { index: String(item.index) })} />;
}

function RawTarget({ item }: { item: Sample }) {
  const { t } = useText();
  return (
    <>
      <dt>{t("raw.title")}</dt>
      <dd>
        <NumberTable rows={target_rows(item)} name={`sample ${item.index}`} />
      </dd>
    </>
  );
}

function RawPrediction({ job, item, on_open }: OpenPrediction) {
  const { t } = useText();
  return (
    <li className="prediction" data-testid="prediction">
      <button type="button" className="image-button" onClick={on_open} title={item.image}>
        <SampleImage src={evaluated_image_url(job, item.index)} alt={t("raw.sample", { index: String(item.index) })} />
      </button>
      <p className="file-name">{item.image?.split("/").at(-1)}</p>
      <NumberTable rows={numbers_of(item, of_row)} name={`image ${item.index}`} />
    </li>
  );
}

function RawEvaluation({ name, facts }: EvaluationPanelProps) {
  return <NumberTable rows={numbers_of(facts, of_evaluation)} name={name} />;
}

/** Numbers as a table: for what is numbers, and for every kind that these pages do not know. */
export const raw: View = {
  summary_tab: "raw.title",
  Summary: ({ data, dataset }) => (
    <NumberTable rows={numbers_of({ image: dataset.image, splits: dataset.splits })} name={data.job.name} />
  ),
  filters: ["class"],
  Sample: RawSample,
  target_text: (item) =>
    target_rows(item)
      .slice(0, 4)
      .map(([place, value]) => `${place} ${value}`)
      .join(", "),
  Target: RawTarget,
  Answer: ({ answer }) => <NumberTable rows={answer_rows(answer)} name={answer.name} />,
  answer_columns: ["place", "value"],
  answer_rows,
  Prediction: RawPrediction,
  evaluation_tabs: [{ id: "numbers", label: "raw.title", Panel: RawEvaluation }],
  evaluation_facts: () => [],
  lists_images: false,
};
