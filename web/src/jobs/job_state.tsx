import { Progress } from "@mantine/core";
import type { Job, JobState } from "../api/client";
import { useText } from "../text/text";

const colours: Record<JobState, string> = {
  init: "gray",
  wait: "gray",
  run: "blue",
  done: "green",
  abort: "yellow",
  error: "red",
};

/** Readable (AA) as small text in both themes. */
const inks: Record<JobState, string> = {
  init: "light-dark(#5c636a, #a6a7ab)",
  wait: "light-dark(#5c636a, #a6a7ab)",
  run: "light-dark(#1864ab, #74c0fc)",
  done: "light-dark(#1e6b31, #69db7c)",
  abort: "light-dark(#8a5300, #ffd43b)",
  error: "light-dark(#b42318, #ff8787)",
};

const shapes: Record<JobState, string> = {
  init: "M8 3.5a4.5 4.5 0 1 0 .01 0z",
  wait: "M8 3.5a4.5 4.5 0 1 0 .01 0zM8 5.5v2.7l1.8 1.2",
  run: "M5.5 3.8v8.4L12.5 8z",
  done: "M3.5 8.5l3 3 6-7",
  abort: "M4.5 4.5h7v7h-7z",
  error: "M4.5 4.5l7 7m0-7l-7 7",
};

/** A state's icon: every state has its own shape as well as its own colour. */
export function StateMark({ state }: { state: JobState }) {
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" style={{ flex: "none" }}>
      <path
        d={shapes[state]}
        fill={state === "run" || state === "abort" ? state_colour(state) : "none"}
        stroke={state_colour(state)}
        strokeWidth="1.8"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

export function state_colour(state: JobState): string {
  return inks[state];
}

export function StateWord({ state }: { state: JobState }) {
  const { t } = useText();
  return (
    <span className="state-word" data-state={state} style={{ color: state_colour(state) }}>
      <StateMark state={state} />
      {t(`state.${state}`)}
    </span>
  );
}

export function JobProgress({ job, size = "sm" }: { job: Job; size?: string }) {
  const { t } = useText();
  const fraction = job.progress?.fraction;
  const known = fraction !== null && fraction !== undefined;
  return (
    <Progress
      size={size}
      value={known ? fraction * 100 : job.state === "run" ? 100 : 0}
      striped={!known}
      animated={!known && job.state === "run"}
      color={colours[job.state]}
      aria-label={t("job.progress")}
    />
  );
}

/** `create train_db · 12,000 of 45,000 images · 6,600 images/s · 5 s left` */
export function useProgressWords(): (job: Job) => string {
  const { t, whole, rate, duration, data_word } = useText();
  return (job) => {
    const progress = job.progress;
    if (!progress) return "";
    const unit = data_word(progress.unit);
    const made = /^create (.+)$/.exec(progress.step)?.[1];
    const parts = [made ? t("progress.create", { name: made }) : data_word(progress.step)];
    if (progress.total !== null)
      parts.push(t("progress.of", { done: whole(progress.done), total: whole(progress.total), unit }));
    else if (progress.done > 0) parts.push(`${whole(progress.done)} ${unit}`);
    if (progress.rate !== null && job.state === "run")
      parts.push(t("progress.rate", { rate: rate(progress.rate), unit }));
    if (progress.eta_s !== null && job.state === "run")
      parts.push(t("progress.left", { time: duration(progress.eta_s) }));
    return parts.filter((part) => part !== "").join(" · ");
  };
}
