import { Button, Group, Stack, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import type { EvaluationFacts, Job } from "../api/client";
import { is_active } from "../api/live";
import { useDataset, useEvaluation, useModel } from "../api/queries";
import { images_and_classes } from "../datasets/scan_summary";
import { useSourceText } from "../evaluations/evaluation_page";
import { metric } from "../format/format";
import { judged } from "../format/judged";
import { PageSkeleton, QueryProblem, useTitle } from "../frame/page_states";
import { JobError } from "../jobs/job_header";
import { job_path } from "../jobs/job_path";
import { JobProgress, StateWord, useProgressWords } from "../jobs/job_state";
import { useMayChange } from "../jobs/owner";
import { useJobAct } from "../jobs/use_job_act";
import { useWaitingWords } from "../jobs/waiting";
import { CurvesPanel } from "../models/curves_panel";
import { useMetrics } from "../models/use_metrics";
import { type TextKey, useText } from "../text/text";
import { view_of } from "../views/registry";
import type { Course } from "./start_training";

/** Dataset, training, test and report, one below the other, each as far as it is. */
export function CourseView({ course }: { course: Course }) {
  const { t } = useText();
  const dataset = useDataset(course.dataset);
  const model = useModel(course.model);
  const test = useEvaluation(course.test);
  const jobs = [dataset.data?.job, model.data?.job, test.data?.job];
  const active = jobs.find((job) => job && is_active(job));
  const fraction = active?.progress?.fraction;
  const name = dataset.data?.job.name ?? "";
  useTitle(active && fraction != null ? `${Math.floor(fraction * 100)} % ${active.name}` : name);
  const error = dataset.error ?? model.error ?? test.error;
  if (error && !(dataset.data && model.data && test.data)) return <QueryProblem error={error} />;
  if (!dataset.data || !model.data || !test.data) return <PageSkeleton />;
  const facts = dataset.data.dataset;
  const evaluation = test.data.evaluation as EvaluationFacts | null;
  return (
    <>
      <Title order={1} mb="md" style={{ overflowWrap: "anywhere" }}>
        {name}
      </Title>
      <ol className="course">
        <Step title="train.step.dataset" job={dataset.data.job}>
          {facts && (
            <Text size="sm">
              {images_and_classes(
                t,
                Object.values(facts.splits).reduce((sum, split) => sum + split.count, 0),
                facts.labels.length,
              )}
            </Text>
          )}
        </Step>
        <Step title="train.step.training" job={model.data.job}>
          <Training job={model.data.job} />
        </Step>
        <Step title="train.step.test" job={test.data.job} />
        {evaluation && <Report job={test.data.job} model={model.data.job} facts={evaluation} />}
      </ol>
    </>
  );
}

/** One job: its state, how far it is, and what there is to see. */
function Step({ title, job, children }: { title: TextKey; job: Job; children?: ReactNode }) {
  const { t, duration } = useText();
  const words = useProgressWords();
  const waiting = useWaitingWords();
  const act = useJobAct(job);
  const may_change = useMayChange()(job);
  const active = is_active(job);
  const took =
    job.started_at && job.finished_at ? (Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000 : null;
  return (
    <li className="card course-step" data-state={job.state} data-testid={`step-${job.kind}`}>
      <Group justify="space-between" gap="sm" wrap="nowrap" align="flex-start">
        <Group gap="sm">
          <Title order={2}>{t(title)}</Title>
          <StateWord state={job.state} />
          <Link to={job_path(job)} className="plain-link">
            {job.name}
          </Link>
          <Text size="sm" c="dimmed">
            {active
              ? words(job) || (job.state === "wait" ? waiting(job) : "")
              : took !== null && t("job.took", { time: duration(took) })}
          </Text>
        </Group>
        {active && job.state === "run" && (
          <Button
            size="compact-sm"
            variant="default"
            flex="none"
            disabled={!may_change || !job.actions.abort}
            onClick={() => act.mutate("abort")}
          >
            {t("action.abort")}
          </Button>
        )}
      </Group>
      {job.state === "run" && <JobProgress job={job} />}
      {job.error && <JobError job={job} />}
      {children}
    </li>
  );
}

function Training({ job }: { job: Job }) {
  const { best_of } = useText();
  const { series, version } = useMetrics(job.id, job.state);
  const best = judged(job.best);
  if (version === 0 || series.names().length === 0) return null;
  return (
    <>
      {best && (
        <Text size="sm">
          {best_of(best.name)} <b>{metric(best.name, best.value)}</b>
        </Text>
      )}
      <CurvesPanel job={job} series={series} version={version} />
    </>
  );
}

/** The test's first page of numbers, and what to do next. */
function Report({ job, model, facts }: { job: Job; model: Job; facts: EvaluationFacts }) {
  const words = useText();
  const { t } = words;
  const navigate = useNavigate();
  const source_text = useSourceText();
  const [params, set_params] = useSearchParams();
  const view = view_of(facts);
  const { Panel } = view.evaluation_tabs[0]!;
  // The images behind a number are on the test's own page.
  const set = (changes: Record<string, string | null>) => {
    const after = new URLSearchParams("tab" in changes ? "" : params);
    for (const [name, value] of Object.entries(changes))
      if (value === null) after.delete(name);
      else after.set(name, value);
    if ("tab" in changes) navigate(`${job_path(job)}?${after}`);
    else set_params(after, { replace: true });
  };
  return (
    <li className="card course-step" data-testid="step-report">
      <Title order={2}>{t("train.step.report")}</Title>
      <Text size="sm" c="dimmed">
        {t("train.tested_on", { source: source_text((job.spec ?? {}) as object), n: facts.count })}
      </Text>
      <dl className="facts settings">
        {view.evaluation_facts(facts, words).map(([label, value]) => (
          <div key={label} style={{ display: "contents" }}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Panel job={job.id} name={job.name} facts={facts} params={params} set={set} />
      <Stack gap="xs">
        <Title order={3}>{t("train.next")}</Title>
        <Group gap="xs">
          <Button component={Link} to={`${job_path(model)}?tab=test`}>
            {t("train.try")}
          </Button>
          <Button component={Link} to={job_path(job)} variant="default">
            {t("train.all_results")}
          </Button>
          <Button component={Link} to={job_path(model)} variant="default">
            {t("train.use")}
          </Button>
        </Group>
      </Stack>
    </li>
  );
}
