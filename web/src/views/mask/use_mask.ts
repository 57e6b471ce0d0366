import { useQuery } from "@tanstack/react-query";
import { ProblemError, problem_from } from "../../api/client";
import { data_url_bytes, type IndexImage, read_index_png } from "./index_png";

/** A mask by its address or as a data URL. */
export function useMask(url: string | null) {
  return useQuery({
    queryKey: ["mask", url],
    enabled: url !== null,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
    structuralSharing: false,
    queryFn: ({ signal }) => load_mask(url!, signal),
  });
}

async function load_mask(url: string, signal: AbortSignal): Promise<IndexImage> {
  const inside = data_url_bytes(url);
  if (inside) return read_index_png(inside);
  const response = await fetch(url, { signal });
  if (!response.ok) throw new ProblemError(problem_from(await response.json().catch(() => null), response));
  return read_index_png(new Uint8Array(await response.arrayBuffer()));
}
