import { Button, Group, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { answer, client, type Model, ProblemError } from "../api/client";
import { ProblemAlert } from "../frame/page_states";
import { useSnapshotChoices } from "../models/snapshot_choices";
import { useText } from "../text/text";

/** Makes a pretrained model of one of a model's snapshots. */
export default function MakePretrainedDialog({ model, close }: { model: Model; close: () => void }) {
  const { t } = useText();
  const choices = useSnapshotChoices(model.snapshots);
  const navigate = useNavigate();
  const [snapshot, set_snapshot] = useState("best");
  const [name, set_name] = useState(model.job.name);
  const make = useMutation({
    mutationFn: () =>
      answer(client.POST("/pretrained", { body: { from_model: model.job.id, snapshot, name: name.trim() } as never })),
    onSuccess: (job) => navigate(`/pretrained/${job.id}`),
  });
  return (
    <Modal opened onClose={close} title={t("pretrained.make")} closeButtonProps={{ "aria-label": t("action.close") }}>
      <Stack
        component="form"
        gap="sm"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <Text size="sm">{t("pretrained.make.help")}</Text>
        <Select
          label={t("test.snapshot")}
          allowDeselect={false}
          value={snapshot}
          onChange={(value) => set_snapshot(value ?? "best")}
          data={choices}
        />
        <TextInput
          data-autofocus
          label={t("field.name")}
          maxLength={200}
          value={name}
          onChange={(event) => set_name(event.currentTarget.value)}
        />
        {make.error instanceof ProblemError && <ProblemAlert problem={make.error.problem} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("action.cancel")}
          </Button>
          <Button type="submit" loading={make.isPending} disabled={name.trim() === ""}>
            {t("pretrained.make.confirm")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
