import { answer, client, type Job, ProblemError, unreachable } from "../api/client";

const pause_ms = 300;

/** Begins to make a pretrained model of one of a store: the job's page tells how far it is, and can stop it. */
export function start_pull(id: string): Promise<Job> {
  return answer(client.POST("/stores/pull", { body: { id } }));
}

/** The same, and waits until it is read. */
export async function pull_model(id: string): Promise<Job> {
  let job = await start_pull(id);
  while (!["done", "error", "abort"].includes(job.state)) {
    await new Promise((resolve) => setTimeout(resolve, pause_ms));
    job = await answer(client.GET("/jobs/{id}", { params: { path: { id: job.id } } }));
  }
  if (job.state !== "done") throw new ProblemError(unreachable(job.error?.message ?? job.state));
  return job;
}
