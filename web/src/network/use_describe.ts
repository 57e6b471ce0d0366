import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answer, client, type ModelSpec, type NetworkDescription } from "../api/client";

export interface AssumedImages {
  image?: { width: number; height: number; channels: number };
  classes?: number;
}

/** Shapes, parameters and operations of each layer, and what is wrong; a worker builds the network. */
export function useDescribe(spec: ModelSpec | null): {
  found: NetworkDescription | null;
  error: unknown;
  /** What was found is of the spec before. */
  stale: boolean;
} {
  const { data, error, isPlaceholderData } = useQuery({
    queryKey: ["describe", spec],
    enabled: spec !== null,
    retry: false,
    placeholderData: keepPreviousData,
    gcTime: 10_000,
    queryFn: ({ signal }) => answer(client.POST("/networks/describe", { body: { spec: spec! }, signal })),
  });
  return { found: error ? null : (data ?? null), error, stale: isPlaceholderData };
}

/**
 * The same with how fast this machine trains it: takes about two seconds. `null` until it is known. `assumed`: of a
 * dataset that is not made yet.
 */
export function useEstimate(spec: ModelSpec | null, assumed: AssumedImages = {}) {
  const { image, classes } = assumed;
  return useQuery({
    queryKey: ["estimate", spec, image, classes],
    enabled: spec !== null,
    retry: false,
    gcTime: 60_000,
    queryFn: ({ signal }) =>
      answer(client.POST("/networks/describe", { body: { spec: spec!, image, classes, measure: true }, signal })),
  });
}
