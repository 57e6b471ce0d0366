import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client, type Job } from "../api/client";
import { useText } from "../text/text";
import { show_problem } from "./problem_note";

type Act = "abort" | "resume" | "snapshot";

export function useJobAct(job: Pick<Job, "id" | "kind">) {
  const { t, said } = useText();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (act: Act) => answer(client.POST(`/jobs/{id}/${act}`, { params: { path: { id: job.id } } })),
    onSuccess: (changed) => {
      queries.setQueryData([job.kind, job.id], (known: { job: Job } | undefined) =>
        known ? { ...known, job: { ...known.job, ...changed } } : known,
      );
      void queries.invalidateQueries({ queryKey: ["running"] });
    },
    onError: (error) => show_problem(error, t("problem.act"), said),
  });
}
