import { answer, client, type Job, ProblemError, unreachable } from "../api/client";

const pause_ms = 300;

/** Makes a pretrained model of one of a store, and waits until it is read. */
export async function pull_model(id: string): Promise<Job> {
  let job = await answer(client.POST("/stores/pull", { body: { id } }));
  while (!["done", "error", "abort"].includes(job.state)) {
    await new Promise((resolve) => setTimeout(resolve, pause_ms));
    job = await answer(client.GET("/jobs/{id}", { params: { path: { id: job.id } } }));
  }
  if (job.state !== "done") throw new ProblemError(unreachable(job.error?.message ?? job.state));
  return job;
}
