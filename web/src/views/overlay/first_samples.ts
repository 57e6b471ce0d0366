import { useQuery } from "@tanstack/react-query";
import { answer, client } from "../../api/client";
import type { Sample } from "../view";

/** So many samples show what the others are like. */
const most_samples = 500;

/** The first samples of the training set, or of what else there is. */
export function useFirstSamples(dataset: string, splits: object): Sample[] | undefined {
  const split = (["train", "val", "test"] as const).find((name) => name in splits);
  return useQuery({
    queryKey: ["first-samples", dataset, split],
    enabled: split !== undefined,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async ({ signal }): Promise<Sample[]> => {
      const page = await answer(
        client.GET("/datasets/{id}/images", {
          params: { path: { id: dataset }, query: { split, cursor: "0", limit: most_samples } },
          signal,
        }),
      );
      return page.items;
    },
  }).data;
}

/** The most frequent sizes of images, with how many have them. */
export function image_sizes(samples: readonly { width: number; height: number }[], most: number) {
  const counts = new Map<string, { size: string; count: number }>();
  for (const { width, height } of samples) {
    const size = `${width} × ${height}`;
    const one = counts.get(size) ?? { size, count: 0 };
    one.count += 1;
    counts.set(size, one);
  }
  const sorted = [...counts.values()].sort((a, b) => b.count - a.count);
  return { sizes: sorted.slice(0, most), others: sorted.slice(most).reduce((sum, one) => sum + one.count, 0) };
}
