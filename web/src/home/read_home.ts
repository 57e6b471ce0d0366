import type { QueryClient } from "@tanstack/react-query";
import { jobs_query, running_query, session_query, system_query } from "../api/queries";

/** Reads all that Home shows first, which public/first_requests.js has asked for; done when each answer is there or has failed. */
export async function read_home(queries: QueryClient): Promise<void> {
  await Promise.all([
    queries.prefetchInfiniteQuery(jobs_query("model")),
    queries.prefetchInfiniteQuery(jobs_query("dataset")),
    queries.prefetchInfiniteQuery(jobs_query("evaluation")),
    queries.prefetchInfiniteQuery(jobs_query("pretrained")),
    queries.prefetchQuery(running_query),
    queries.prefetchQuery(session_query),
    queries.prefetchQuery(system_query),
  ]);
}
