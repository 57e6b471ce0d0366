import { Alert, Anchor, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, type Job, type PushEvent } from "../api/client";
import { useJobEvents } from "../api/live";
import { useDraft } from "../forms/draft";
import { ActionForm } from "../jobs/action_form";
import { JobProgress, useProgressWords } from "../jobs/job_state";
import { useText } from "../text/text";

type Progress = PushEvent["progress"];

const nowhere = { to: "" };

/** Gives a model to another server, whose address is remembered. */
export default function PushDialog({ job, close }: { job: Job; close: () => void }) {
  const { t } = useText();
  const [{ to }, remember] = useDraft("push.to", nowhere);
  const [name, set_name] = useState(job.name);
  const [progress, set_progress] = useState<Progress | null>(null);
  const words = useProgressWords();
  useJobEvents(job.id, (event) => event.type === "push" && set_progress(event.data.progress));
  const push = useMutation({
    mutationFn: () => {
      set_progress(null);
      const request = { params: { path: { id: job.id } }, body: { to: to.trim(), name: name.trim() } };
      return answer(
        job.kind === "model"
          ? client.POST("/models/{id}/push", request)
          : client.POST("/pretrained/{id}/push", request),
      );
    },
  });
  return (
    <Modal opened onClose={close} title={t("push.title")} closeButtonProps={{ "aria-label": t("action.close") }}>
      <ActionForm
        action={push}
        confirm={push.data ? undefined : t("push.confirm")}
        disabled={to.trim() === "" || name.trim() === ""}
        close={close}
      >
        <Text size="sm">{t("push.help")}</Text>
        <TextInput
          data-autofocus
          label={t("push.to")}
          placeholder="https://digits.example:5000"
          value={to}
          onChange={(event) => remember({ to: event.currentTarget.value })}
        />
        <TextInput
          label={t("field.name")}
          maxLength={200}
          value={name}
          onChange={(event) => set_name(event.currentTarget.value)}
        />
        {push.isPending && progress && (
          <Stack gap={4} data-testid="pushing">
            <Text size="sm" c="dimmed">
              {words({ progress, state: "run" })}
            </Text>
            <JobProgress job={{ progress, state: "run" }} />
          </Stack>
        )}
        {push.data && (
          <Alert data-tone="ok" py="xs" data-testid="pushed">
            {t("push.done")}{" "}
            <Anchor href={push.data.page} target="_blank" rel="noreferrer">
              {push.data.page}
            </Anchor>
          </Alert>
        )}
      </ActionForm>
    </Modal>
  );
}
