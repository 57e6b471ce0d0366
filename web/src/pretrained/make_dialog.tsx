import { Modal, Text, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { answer, client, type Model } from "../api/client";
import { ActionForm } from "../jobs/action_form";
import { SnapshotSelect } from "../models/snapshot_choices";
import { useText } from "../text/text";

/** Makes a pretrained model of one of a model's snapshots. */
export default function MakePretrainedDialog({ model, close }: { model: Model; close: () => void }) {
  const { t } = useText();
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
      <ActionForm action={make} confirm={t("pretrained.make.confirm")} disabled={name.trim() === ""} close={close}>
        <Text size="sm">{t("pretrained.make.help")}</Text>
        <SnapshotSelect snapshots={model.snapshots} value={snapshot} on_choose={set_snapshot} />
        <TextInput
          data-autofocus
          label={t("field.name")}
          maxLength={200}
          value={name}
          onChange={(event) => set_name(event.currentTarget.value)}
        />
      </ActionForm>
    </Modal>
  );
}
