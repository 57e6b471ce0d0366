import { Button } from "@mantine/core";
import { Link, useParams, useSearchParams } from "react-router";
import {
  type Evaluation,
  type EvaluationFacts,
  type EvaluationSpec,
  file_url,
  predictions_csv_url,
} from "../api/client";
import { is_active } from "../api/live";
import { useDataset, useEvaluation } from "../api/queries";
import { EmptyState } from "../frame/empty_state";
import { PageProblem, PageSkeleton } from "../frame/page_states";
import { JobHeader } from "../jobs/job_header";
import { Facts, FileList, JobTabs, LogPanel, NotesPanel } from "../jobs/job_tabs";
import { useText } from "../text/text";
import { view_of } from "../views/registry";
import { ImagesPanel } from "./predicted_images";

/** A task without classes has other members; its view knows which. */
function facts_of(data: Evaluation): EvaluationFacts | null {
  return data.evaluation as EvaluationFacts | null;
}

export function EvaluationPage() {
  const { id = "" } = useParams();
  const { t } = useText();
  const query = useEvaluation(id);
  const [params, set_params] = useSearchParams();
  // Before there are results the dataset tells what they will look like.
  const dataset_id = query.data?.job.parents[1] ?? "";
  const dataset = useDataset(dataset_id, dataset_id !== "" && query.data?.evaluation === null).data;
  if (query.error && !query.data) return <PageProblem error={query.error} />;
  if (!query.data) return <PageSkeleton />;
  const { job } = query.data;
  const evaluation = facts_of(query.data);
  const view = view_of(evaluation ?? dataset?.dataset);
  const set = (changes: Record<string, string | null>) =>
    set_params(
      (before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(changes))
          if (value === null) after.delete(name);
          else after.set(name, value);
        return after;
      },
      { replace: !("tab" in changes) },
    );
  const with_facts = (content: (facts: EvaluationFacts) => React.ReactNode) => () =>
    evaluation ? (
      content(evaluation)
    ) : job.state === "done" ? (
      // The state of a job is told before the page has its results.
      <PageSkeleton />
    ) : (
      <div className="card">
        <EmptyState icon="evaluation" title={t(is_active(job) ? "evaluation.not_yet" : "evaluation.not_made")} />
      </div>
    );
  return (
    <>
      <JobHeader
        warnings={evaluation?.warnings}
        job={job}
        more={
          evaluation && (
            <Button
              size="xs"
              variant="default"
              component="a"
              href={predictions_csv_url(job.id)}
              download
              data-testid="csv"
            >
              CSV
            </Button>
          )
        }
      />
      <div className="with-side">
        <JobTabs
          first={
            job.state === "error"
              ? "log"
              : evaluation?.labelled === 0 && view.lists_images !== false
                ? "images"
                : view.evaluation_tabs[0]!.id
          }
          tabs={[
            ...view.evaluation_tabs.map(({ id, label, Panel }) => ({
              id,
              label: t(label),
              content: with_facts((facts) => (
                <Panel job={job.id} name={job.name} facts={facts} params={params} set={set} />
              )),
            })),
            ...(view.lists_images === false
              ? []
              : [
                  {
                    id: "images",
                    label: t("tab.images"),
                    content: with_facts((facts) => (
                      <ImagesPanel job={job.id} facts={facts} params={params} set={set} />
                    )),
                  },
                ]),
            { id: "files", label: t("tab.files"), content: () => <Files data={query.data} /> },
            { id: "log", label: t("tab.log"), content: () => <LogPanel job={job} /> },
            { id: "notes", label: t("tab.notes"), content: () => <NotesPanel key={job.id} job={job} /> },
          ]}
        />
        <Side data={query.data} />
      </div>
    </>
  );
}

/** "Validation", or the folder or list. */
export function useSourceText(): (spec: Partial<EvaluationSpec>) => string {
  const { known_text } = useText();
  return (spec) => {
    const split = spec.source?.split || "val";
    return spec.source?.path || (known_text(`split.${split}`) ?? split);
  };
}

function Side({ data }: { data: Evaluation }) {
  const { job, model } = data;
  const evaluation = facts_of(data);
  const words = useText();
  const { t, whole, rate, known_text } = words;
  const source_text = useSourceText();
  const spec = (job.spec ?? {}) as Partial<EvaluationSpec>;
  const items: [string, React.ReactNode][] = [
    [
      t("kind.model"),
      model ? (
        <Link to={`/models/${model.id}?tab=test`} key="model">
          {model.name}
        </Link>
      ) : (
        "–"
      ),
    ],
    [
      t("evaluation.snapshot"),
      evaluation
        ? t("evaluation.iteration", { iteration: evaluation.snapshot.iteration })
        : (known_text(`snapshot.${spec.snapshot ?? "best"}`) ?? spec.snapshot!),
    ],
    [t("evaluation.source"), source_text(spec)],
  ];
  if (evaluation) {
    items.push([t("evaluation.count"), whole(evaluation.count)]);
    if (evaluation.labelled !== evaluation.count) items.push([t("evaluation.labelled"), whole(evaluation.labelled)]);
    items.push(...view_of(evaluation).evaluation_facts(evaluation, words));
    items.push([t("strip.images_per_s"), t("unit.images_per_s", { rate: rate(evaluation.images_per_s) })]);
    items.push([
      t("evaluation.unreadable"),
      evaluation.unreadable.count > 0 ? (
        <a key="unreadable" href={file_url(job.id, evaluation.unreadable.file)}>
          {whole(evaluation.unreadable.count)}
        </a>
      ) : (
        "0"
      ),
    ]);
  }
  return (
    <div className="side">
      <Facts title={t("evaluation.facts")} items={items} />
    </div>
  );
}

function Files({ data: { job, evaluation } }: { data: Evaluation }) {
  const { t } = useText();
  const files = evaluation
    ? [
        { path: "predictions.csv", text: t("file.predictions") },
        { path: "evaluation.json", text: t("file.evaluation") },
        { path: "unreadable.txt", text: t("file.unreadable_images") },
      ]
    : [];
  return <FileList job={job.id} files={files} />;
}
