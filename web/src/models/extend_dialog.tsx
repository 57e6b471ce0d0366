import { Modal, NumberInput, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, type Job, type ModelSpec } from "../api/client";
import { significant } from "../format/format";
import { useFormFields } from "../forms/form_fields";
import { ActionForm } from "../jobs/action_form";
import { useText } from "../text/text";
import { lr_at } from "./lr_policy";
import { form_of_model, lr_options, policy_defaults } from "./model_form";

/** Asks how many epochs a finished training is continued, and says what its learning rate will do. */
export default function ExtendDialog({ job, close }: { job: Job; close: () => void }) {
  const { t } = useText();
  const queries = useQueryClient();
  const fields = useFormFields("model") ?? [];
  const spec = (job.spec ?? {}) as Partial<ModelSpec>;
  const before = Number(spec.epochs ?? 30);
  const [more, set_more] = useState<string>(String(Math.max(1, Math.round(before / 3))));
  const epochs = Number(more);
  const extend = useMutation({
    mutationFn: () =>
      answer(client.POST("/models/{id}/extend", { params: { path: { id: job.id } }, body: { epochs } })),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ["model", job.id] });
      void queries.invalidateQueries({ queryKey: ["running"] });
      close();
    },
  });
  const form = form_of_model("", "", spec as Record<string, unknown>, fields);
  // What a spec leaves out is as the policy has it.
  const left_out = Object.entries(policy_defaults(fields, form.policy)).filter(
    ([name]) => form[name as keyof typeof form] === "",
  );
  const options = lr_options({ ...form, ...Object.fromEntries(left_out) });
  const last = job.last["train/lr"];
  const next = options && epochs > 0 ? lr_at((100 * before) / (before + epochs), options) : null;
  return (
    <Modal
      opened
      onClose={close}
      title={t("extend.title", { name: job.name })}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <ActionForm action={extend} confirm={t("extend.confirm")} disabled={!(epochs > 0)} close={close}>
        <Text size="sm">{t("extend.help")}</Text>
        <NumberInput
          data-autofocus
          name="more_epochs"
          label={t("extend.epochs")}
          description={t("extend.epochs.help", { n: before })}
          min={0}
          value={more}
          onChange={(value) => set_more(String(value))}
        />
        {/* The line is always there, so that the buttons stay where they are. */}
        {next !== null && last != null ? (
          <Text size="sm" data-testid="extend-rates">
            {t("extend.rates", { before: significant(last), after: significant(next) })}
          </Text>
        ) : (
          <Text size="sm">&nbsp;</Text>
        )}
      </ActionForm>
    </Modal>
  );
}
