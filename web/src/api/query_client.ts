import { QueryClient } from "@tanstack/react-query";
import { ProblemError } from "./client";

/** What the pages have read, for all of them. */
export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // The event stream says when something changes.
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 3 && error instanceof ProblemError && is_passing(error.problem.status),
    },
  },
});

function is_passing(status: number): boolean {
  return status === 0 || status === 502 || status === 503 || status === 504;
}
