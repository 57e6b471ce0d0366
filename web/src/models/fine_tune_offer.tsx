import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { type FormField, ProblemError } from "../api/client";
import { useAllJobs, useDataset, useStores } from "../api/queries";
import type { FormState } from "../forms/fields";
import { ProblemAlert } from "../frame/page_states";
import { pull_model } from "../pretrained/pull_model";
import { useText } from "../text/text";
import { fine_tuning, from_scratch, start_folder, suits_fine_tuning } from "./fine_tune";
import { empty_model_form, type ModelForm } from "./model_form";

/** While this mutation runs, the form does not have the chosen weights yet. */
export const fine_tune_key = ["fine-tune"];

/** For colour photographs the first choice: the weights that came with Digits. Training from scratch is one click away. */
export function FineTuneOffer({ form, fields }: { form: FormState<ModelForm>; fields: FormField[] }) {
  const { t } = useText();
  const { values } = form;
  const facts = useDataset(values.dataset_id, values.dataset_id !== "").data?.dataset;
  const suits = suits_fine_tuning(facts);
  const stores = useStores(suits).data;
  const included = stores?.items.flatMap(({ models }) => models).find(({ folder }) => folder === start_folder);
  const jobs = useAllJobs("pretrained").jobs;
  const here = jobs.find((job) => job.state === "done" && job.name === included?.name);
  const train = facts?.splits.train?.count ?? 0;
  const apply = (id: string) => form.change(fine_tuning(values, id, train));
  const start = useMutation({
    mutationKey: fine_tune_key,
    mutationFn: async () => here?.id ?? (await pull_model(included!.id)).id,
    onSuccess: apply,
  });
  // Chosen without being asked where it is here already, and nothing else was chosen.
  const seen = useRef("");
  const untouched = values.network === "standard" && values.standard === empty_model_form(fields).standard;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each dataset
  useEffect(() => {
    if (!suits || !here || seen.current === values.dataset_id) return;
    seen.current = values.dataset_id;
    if (untouched) apply(here.id);
  }, [suits, here, values.dataset_id]);
  if (!suits || !stores) return null;
  if (!included)
    return (
      <Text size="sm" c="dimmed" data-testid="no-included-weights">
        {t("fine_tune.missing", { command: stores.add })}
      </Text>
    );
  const chosen = values.network === "pretrained" && here !== undefined && values.pretrained === here.id;
  return (
    <Alert data-testid="fine-tune" py="xs">
      <Stack gap="xs">
        <Text size="sm">{t(chosen ? "fine_tune.chosen" : "fine_tune.offer", { network: included.name })}</Text>
        <Group gap="xs">
          {chosen ? (
            <Button
              size="xs"
              variant="default"
              onClick={() => form.change(from_scratch(values, empty_model_form(fields)))}
            >
              {t("fine_tune.scratch")}
            </Button>
          ) : (
            <Button size="xs" loading={start.isPending} onClick={() => start.mutate()}>
              {t("fine_tune.start", { network: included.name })}
            </Button>
          )}
        </Group>
        {start.error instanceof ProblemError && <ProblemAlert problem={start.error.problem} />}
      </Stack>
    </Alert>
  );
}
