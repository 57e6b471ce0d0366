import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { useDeferredValue, useEffect, useMemo } from "react";
import { answer, client, type DatasetSpec, type Job, type JobKind, type ModelSpec, ProblemError } from "./client";

export function useDataset(id: string, enabled = true) {
  return useQuery({
    queryKey: ["dataset", id],
    enabled,
    queryFn: ({ signal }) => answer(client.GET("/datasets/{id}", { params: { path: { id } }, signal })),
  });
}

export function model_query(id: string) {
  return queryOptions({
    queryKey: ["model", id],
    queryFn: ({ signal }) => answer(client.GET("/models/{id}", { params: { path: { id } }, signal })),
  });
}

export function useModel(id: string, enabled = true) {
  return useQuery({ ...model_query(id), enabled });
}

export function usePretrained(id: string, enabled = true) {
  return useQuery({
    queryKey: ["pretrained", id],
    enabled,
    queryFn: ({ signal }) => answer(client.GET("/pretrained/{id}", { params: { path: { id } }, signal })),
  });
}

/** Asks the model stores, not what the server remembers of them; for fetchQuery. */
export const stores_asked_again = {
  queryKey: ["stores"],
  staleTime: 0,
  queryFn: ({ signal }: { signal: AbortSignal }) =>
    answer(client.GET("/stores", { params: { query: { refresh: "true" } }, signal })),
};

/** What model stores offer; asked once. */
export function useStores(enabled: boolean) {
  return useQuery({
    queryKey: ["stores"],
    enabled,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => answer(client.GET("/stores", { signal })),
  });
}

export function useEvaluation(id: string) {
  return useQuery({
    queryKey: ["evaluation", id],
    queryFn: ({ signal }) => answer(client.GET("/evaluations/{id}", { params: { path: { id } }, signal })),
  });
}

/** All evaluations of a model, newest first. */
export function useEvaluations(model: string) {
  return useQuery({
    queryKey: ["evaluations", model],
    queryFn: ({ signal }) => answer(client.GET("/evaluations", { params: { query: { model } }, signal })),
  });
}

/** The formats that a dataset can be exported in, and its exports, newest first. */
export function exports_query(dataset: string) {
  return queryOptions({
    queryKey: ["exports", dataset],
    queryFn: ({ signal }) =>
      answer(client.GET("/datasets/{id}/exports", { params: { path: { id: dataset } }, signal })),
  });
}

/** Where a model was published, newest first. */
export function publications_query(model: string) {
  return queryOptions({
    queryKey: ["publications", model],
    queryFn: ({ signal }) =>
      answer(client.GET("/models/{id}/publications", { params: { path: { id: model } }, signal })),
  });
}

export const running_query = queryOptions({
  queryKey: ["running"],
  queryFn: ({ signal }) =>
    answer(client.GET("/jobs", { params: { query: { state: "init,wait,run", limit: 100 } }, signal })),
});

export function useRunning() {
  return useQuery(running_query);
}

/** What is seen at once comes first and soon, the rest in large pages. */
const first_page = 60;
const later_pages = 500;

/** Newest first, by page; the event stream keeps what was read current (see live.tsx). */
export function jobs_query(kind: JobKind) {
  return infiniteQueryOptions({
    queryKey: ["jobs", kind],
    staleTime: Number.POSITIVE_INFINITY,
    // To compare thousands of jobs with themselves for each page that is added costs more than to draw them.
    structuralSharing: false,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      answer(
        client.GET("/jobs", {
          params: {
            query: {
              kind,
              sort: "-created",
              limit: pageParam === "" ? first_page : later_pages,
              cursor: pageParam || undefined,
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

/** All jobs of a kind: the first page at once, the others behind it, one after the other. */
export function useAllJobs(kind: JobKind): { jobs: Job[]; total: number; loaded: boolean; error: unknown } {
  const { data, error, hasNextPage, isFetching, isFetchNextPageError, fetchNextPage } = useInfiniteQuery(
    jobs_query(kind),
  );
  useEffect(() => {
    if (hasNextPage && !isFetching && !isFetchNextPageError) void fetchNextPage();
  }, [hasNextPage, isFetching, isFetchNextPageError, fetchNextPage]);
  // While pages come in, what is on the screen goes first.
  const later = useDeferredValue(data) ?? data;
  const jobs = useMemo(() => {
    const known = new Map<string, Job>();
    for (const page of later?.pages ?? []) for (const job of page.items) known.set(job.id, job);
    return [...known.values()];
  }, [later]);
  const read = data?.pages.reduce((sum, page) => sum + page.items.length, 0) ?? 0;
  return {
    jobs,
    total: hasNextPage ? (data?.pages[0]?.total ?? 0) : Math.max(jobs.length, read),
    loaded: data !== undefined,
    error,
  };
}

export const session_query = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => answer(client.GET("/session", { signal })),
});

export function useSession() {
  return useQuery(session_query);
}

/** The standard networks that fit a dataset, or those for classification without one. */
export function useNetworks(dataset_id: string) {
  const task = useTask(dataset_id);
  const dataset = useDataset(dataset_id, dataset_id !== "").data;
  return useQuery(networks_query(task, dataset && dataset_id, Boolean(dataset?.dataset)));
}

/** `dataset`: they fit its records and, once it is `made`, the defaults the number of its images. */
export function networks_query(task: string | undefined, dataset?: string, made = false) {
  return queryOptions({
    queryKey: ["networks", task, dataset, made],
    enabled: task !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => answer(client.GET("/networks", { params: { query: { task, dataset } as never }, signal })),
  });
}

/** What networks can be written for. */
export function useFrameworks() {
  const { data } = useQuery({
    queryKey: ["frameworks"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => answer(client.GET("/frameworks", { signal })),
  });
  return data?.items ?? [];
}

/** The task that a dataset is for, also before it is made; that of most datasets without one. */
export function useTask(dataset_id: string): string | undefined {
  const { data, isError } = useDataset(dataset_id, dataset_id !== "");
  if (dataset_id === "" || isError) return "classification";
  if (!data) return undefined;
  const spec = (data.job.spec ?? {}) as { type?: string };
  return data.dataset?.type ?? spec.type ?? "classification";
}

export const system_query = queryOptions({
  queryKey: ["system"],
  queryFn: ({ signal }) => answer(client.GET("/system", { signal })),
});

export function useSystem() {
  return useQuery(system_query);
}

/** What the job's worker takes of the machine, once a second while the page is looked at. */
export function useHardware(id: string, running: boolean) {
  return useQuery({
    queryKey: ["hardware", id],
    enabled: running,
    staleTime: 0,
    gcTime: 0,
    retry: false,
    refetchInterval: running ? 1000 : false,
    queryFn: ({ signal }) => answer(client.GET("/jobs/{id}/hardware", { params: { path: { id } }, signal })),
  });
}

export function useDoctor() {
  return useQuery({ queryKey: ["doctor"], queryFn: ({ signal }) => answer(client.GET("/system/doctor", { signal })) });
}

export function useLog(id: string, active: boolean) {
  return useQuery({
    queryKey: ["log", id],
    refetchInterval: active ? 2000 : false,
    // A log without a line comes as no data at all; a job that has not started has none yet.
    queryFn: ({ signal }) =>
      answer(
        client.GET("/jobs/{id}/log", { params: { path: { id }, query: { bytes: 524288 } }, parseAs: "text", signal }),
      ).then(
        (log: string | undefined) => log ?? "",
        (error) => {
          if (error instanceof ProblemError && error.problem.code === "not_found") return "";
          throw error;
        },
      ),
  });
}

export function useScan(spec: DatasetSpec | null) {
  return useQuery({
    queryKey: ["scan", spec],
    enabled: spec !== null,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 10_000,
    queryFn: ({ signal }) => answer(client.POST("/datasets/scan", { body: { spec: spec! }, signal })),
  });
}

export function useModelCheck(spec: ModelSpec | null) {
  return useQuery({
    queryKey: ["check", spec],
    enabled: spec !== null,
    placeholderData: keepPreviousData,
    retry: false,
    gcTime: 10_000,
    queryFn: ({ signal }) => answer(client.POST("/models/check", { body: { spec: spec! }, signal })),
  });
}
