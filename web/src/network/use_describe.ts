import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api_root, type ModelSpec } from "../api/client";

export interface LayerFacts {
  name: string;
  shapes?: Record<string, number[]>;
  parameters?: number;
  flops?: number;
}

interface Description {
  layers?: LayerFacts[];
  parameters?: number;
  flops?: number;
}

const nothing: Map<string, LayerFacts> = new Map();

/** Shapes, parameters and operations of each layer by its name; empty where the server does not tell them. */
export function useDescribe(spec: ModelSpec | null): { layers: Map<string, LayerFacts>; total: Description | null } {
  const { data } = useQuery({
    queryKey: ["describe", spec],
    enabled: spec !== null,
    retry: false,
    placeholderData: keepPreviousData,
    gcTime: 10_000,
    queryFn: async ({ signal }): Promise<Description | null> => {
      const response = await fetch(`${api_root}/networks/describe`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ spec }),
        signal,
      });
      return response.ok ? ((await response.json()) as Description) : null;
    },
  });
  const layers = useMemo(
    () => (data?.layers ? new Map(data.layers.map((layer) => [layer.name, layer])) : nothing),
    [data],
  );
  return { layers, total: data ?? null };
}
