import type { Job } from "../api/client";
import { useSession } from "../api/queries";

/** Whether the server will let this user change the job: it belongs to him, or to nobody. */
export function useMayChange(): (job: Pick<Job, "owner">) => boolean {
  const user = useSession().data?.user ?? "";
  return (job) => job.owner === "" || job.owner === user;
}
