import { Progress } from "@mantine/core";
import type { Job, JobState } from "../api/client";
import { bytes } from "../format/format";
import { Icon, type IconName } from "../frame/icon";
import { useText } from "../text/text";

const colours: Record<JobState, string> = {
  init: "gray",
  wait: "gray",
  run: "accent",
  done: "green",
  abort: "yellow",
  error: "red",
};

const icons: Record<JobState, IconName> = {
  init: "wait",
  wait: "clock",
  run: "play",
  done: "check",
  abort: "abort",
  error: "close",
};

/** A state's icon: every state has its own shape as well as its own colour. */
export function StateMark({ state }: { state: JobState }) {
  return (
    <span data-state={state} style={{ color: state_colour(state), display: "inline-flex" }}>
      <Icon name={icons[state]} className="state-mark" />
    </span>
  );
}

/** Readable (AA) as small text in both themes. */
export function state_colour(state: JobState): string {
  return `var(--${state === "init" ? "wait" : state}-ink)`;
}

/** Icon, word and colour, the same on every page. */
export function StateWord({ state }: { state: JobState }) {
  const { t } = useText();
  return (
    <span className="status" data-state={state}>
      <Icon name={icons[state]} />
      {t(`state.${state}`)}
    </span>
  );
}

type Going = Pick<Job, "progress" | "state">;

export function JobProgress({ job, size = "sm" }: { job: Going; size?: string }) {
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
export function useProgressWords(): (job: Going) => string {
  const { t, whole, rate, duration, data_word } = useText();
  return (job) => {
    const progress = job.progress;
    if (!progress) return "";
    const unit = data_word(progress.unit);
    const of_bytes = progress.unit === "bytes";
    const made = /^create (.+)$/.exec(progress.step)?.[1];
    const parts = [made ? t("progress.create", { name: made }) : data_word(progress.step)];
    if (of_bytes && progress.total !== null)
      parts.push(t("progress.of", { done: bytes(progress.done), total: bytes(progress.total), unit: "" }).trim());
    else if (of_bytes && progress.done > 0) parts.push(bytes(progress.done));
    else if (progress.total !== null)
      parts.push(t("progress.of", { done: whole(progress.done), total: whole(progress.total), unit }));
    else if (progress.done > 0) parts.push(`${whole(progress.done)} ${unit}`);
    if (progress.rate !== null && job.state === "run")
      parts.push(of_bytes ? `${bytes(progress.rate)}/s` : t("progress.rate", { rate: rate(progress.rate), unit }));
    if (progress.eta_s !== null && job.state === "run")
      parts.push(t("progress.left", { time: duration(progress.eta_s) }));
    return parts.filter((part) => part !== "").join(" · ");
  };
}
