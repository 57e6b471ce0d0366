import type { Job } from "../api/client";
import { is_active } from "../api/live";
import { useRunning } from "../api/queries";
import { useText } from "../text/text";

export type Waiting = { for: "parent"; name: string } | { for: "device"; place: number };

/** What keeps `job` in the queue, from the jobs that are not finished: one that it needs, or those before it. */
export function waiting_of(job: Pick<Job, "id" | "kind" | "parents" | "created_at">, active: Job[]): Waiting {
  const parent = active.find((one) => job.parents.includes(one.id));
  if (parent) return { for: "parent", name: parent.name };
  const before = active.filter(
    (one) =>
      one.state === "wait" &&
      one.kind === job.kind &&
      one.id !== job.id &&
      !active.some((other) => one.parents.includes(other.id)) &&
      (one.created_at < job.created_at || (one.created_at === job.created_at && one.id < job.id)),
  );
  return { for: "device", place: before.length + 1 };
}

/** `Waiting for a free device · number 2 in the queue` */
export function useWaitingWords(): (job: Job) => string {
  const { t } = useText();
  const active = (useRunning().data?.items ?? []).filter(is_active);
  return (job) => {
    const waiting = waiting_of(job, active);
    if (waiting.for === "parent") return t("job.waiting_for", { name: waiting.name });
    return `${t("job.waiting_device")} · ${t("job.queue_place", { n: waiting.place })}`;
  };
}
