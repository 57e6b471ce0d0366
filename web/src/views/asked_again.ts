import { useQuery } from "@tanstack/react-query";
import { answer, client, type EvaluationFacts } from "../api/client";
import { useModel } from "../api/queries";
import { image_url } from "../datasets/image_url";
import type { Answer } from "./view";

/** What the evaluated snapshot says of an evaluated image: an evaluation keeps its numbers, not what it drew. */
export function useAnswerOf(facts: EvaluationFacts, src: string, least?: { score_threshold: number; wanted: boolean }) {
  return useQuery({
    queryKey: ["answer-of", facts.model_id, facts.snapshot.iteration, src, least?.score_threshold],
    enabled: least?.wanted !== false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    retry: false,
    structuralSharing: false,
    queryFn: async ({ signal }): Promise<Answer> => {
      const image = await (await fetch(src, { signal })).blob();
      const form = new FormData();
      form.append("image", image, "image.png");
      const found = await answer(
        client.POST("/models/{id}/classify", {
          params: {
            path: { id: facts.model_id },
            query: { snapshot: String(facts.snapshot.iteration), top: 5, score_threshold: least?.score_threshold },
          },
          body: { image: [] },
          bodySerializer: () => form,
          headers: { "Content-Type": null },
          signal,
        }),
      );
      return found.images[0] as Answer;
    },
  });
}

/** Where the target of an evaluated image is: those of a split are in the dataset. */
export function useTargetOf(facts: EvaluationFacts | null | undefined, index: number): string | null {
  const source = (facts?.source ?? {}) as { type?: string; split?: string };
  const is_split = source.type === "split";
  const model = useModel(facts?.model_id ?? "", is_split).data;
  const dataset = model?.job.parents[0];
  return is_split && dataset ? `${image_url(dataset, source.split || "val", index)}/target` : null;
}
