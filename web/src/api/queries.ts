import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { answer, client, type DatasetSpec, type JobKind, type ModelSpec, ProblemError } from "./client";

export function useDataset(id: string, enabled = true) {
  return useQuery({
    queryKey: ["dataset", id],
    enabled,
    queryFn: ({ signal }) => answer(client.GET("/datasets/{id}", { params: { path: { id } }, signal })),
  });
}

export function useModel(id: string, enabled = true) {
  return useQuery({
    queryKey: ["model", id],
    enabled,
    queryFn: ({ signal }) => answer(client.GET("/models/{id}", { params: { path: { id } }, signal })),
  });
}

export function useRunning() {
  return useQuery({
    queryKey: ["running"],
    queryFn: ({ signal }) =>
      answer(client.GET("/jobs", { params: { query: { state: "init,wait,run", limit: 100 } }, signal })),
  });
}

export type Sort = "created" | "-created" | "name" | "-name" | "state" | "-state" | "finished" | "-finished";

export function useJobs(kind: JobKind, q: string, sort: Sort, limit = 50) {
  return useInfiniteQuery({
    queryKey: ["jobs", kind, q, sort, limit],
    placeholderData: keepPreviousData,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) =>
      answer(
        client.GET("/jobs", {
          params: { query: { kind, sort, limit, q: q || undefined, cursor: pageParam || undefined } },
          signal,
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
}

export function useNetworks() {
  return useQuery({
    queryKey: ["networks"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => answer(client.GET("/networks", { signal })),
  });
}

export function useSystem() {
  return useQuery({ queryKey: ["system"], queryFn: ({ signal }) => answer(client.GET("/system", { signal })) });
}

export function useDoctor() {
  return useQuery({ queryKey: ["doctor"], queryFn: ({ signal }) => answer(client.GET("/system/doctor", { signal })) });
}

export function useLog(id: string, active: boolean) {
  return useQuery({
    queryKey: ["log", id],
    refetchInterval: active ? 2000 : false,
    queryFn: ({ signal }) =>
      answer(
        client.GET("/jobs/{id}/log", { params: { path: { id }, query: { bytes: 524288 } }, parseAs: "text", signal }),
      ).catch((error) => {
        // A job that has not started has no log yet.
        if (error instanceof ProblemError && error.problem.code === "not_found") return "";
        throw error;
      }),
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
