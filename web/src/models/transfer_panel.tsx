import { Button, Group, NumberInput, Select, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { file_url } from "../api/client";
import { useAllJobs } from "../api/queries";
import type { FormState } from "../forms/fields";
import { compare_layers } from "../network/transfer";
import { useText } from "../text/text";
import type { ModelForm, WeightsOfJob } from "./model_form";

interface Props {
  /** The network's text. */
  text: string;
  form: FormState<ModelForm>;
}

/** The text of a model's or pretrained model's network, as it was given. */
function useSource(id: string) {
  return useQuery({
    queryKey: ["network-text", id],
    enabled: id !== "",
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
    queryFn: async ({ signal }) => {
      const response = await fetch(file_url(id, "original.prototxt"), { signal });
      return response.ok ? response.text() : "";
    },
  });
}

/** Transfer learning: weights of another network by the names of layers, which of them learn, and how fast. */
export function TransferPanel({ text, form }: Props) {
  const { t, listed } = useText();
  const models = useAllJobs("model").jobs;
  const pretrained = useAllJobs("pretrained").jobs.filter((job) => job.state === "done");
  const [id, set_id] = useState("");
  const [freeze_to, set_freeze_to] = useState("");
  const [rate, set_rate] = useState<string | number>(1);
  const source = useSource(id).data ?? "";
  const found = source === "" ? null : compare_layers(text, source);
  const anew = found ? [...found.differing, ...found.anew] : [];
  const start: WeightsOfJob = pretrained.some((job) => job.id === id)
    ? { pretrained: id, transfer: true }
    : { model: id, snapshot: "best", transfer: true };
  const use = () =>
    form.change({
      starts: [start],
      others: {
        ...form.values.others,
        "/solver/freeze_to": freeze_to,
        "/solver/trunk_rate": String(Number(rate) || 0),
      },
    });
  if (models.length === 0 && pretrained.length === 0) return null;
  return (
    <Stack gap="sm" data-testid="transfer">
      <Select
        label={t("transfer.source")}
        description={t("transfer.help")}
        placeholder={t("transfer.none")}
        searchable
        clearable
        clearButtonProps={{ "aria-label": t("transfer.none") }}
        value={id === "" ? null : id}
        data={[...pretrained, ...models].map((job) => ({ value: job.id, label: job.name }))}
        onChange={(value) => {
          set_id(value ?? "");
          set_freeze_to("");
        }}
        nothingFoundMessage={t("list.none_found")}
      />
      {found && (
        <>
          <Text size="sm">
            {found.kept.length === 0
              ? t("transfer.no_layer")
              : t("transfer.kept", { n: found.kept.length, first: found.kept[0]!, last: found.kept.at(-1)! })}
          </Text>
          {found.kept.length > 0 && anew.length > 0 && (
            <Text size="sm" data-testid="transfer-anew">
              {t("transfer.anew", { n: anew.length, layers: listed(anew) })}
            </Text>
          )}
          {found.kept.length > 0 && (
            <Group align="flex-end" gap="sm">
              <Select
                label={t("transfer.freeze_to")}
                placeholder={t("transfer.freeze_none")}
                searchable
                clearable
                clearButtonProps={{ "aria-label": t("transfer.freeze_none") }}
                value={freeze_to === "" ? null : freeze_to}
                data={found.kept}
                onChange={(value) => set_freeze_to(value ?? "")}
              />
              <NumberInput
                label={t("transfer.rate")}
                min={0}
                max={100}
                step={0.1}
                value={rate}
                onChange={set_rate}
                w={220}
              />
              <Button variant="default" onClick={use}>
                {t("transfer.use")}
              </Button>
            </Group>
          )}
        </>
      )}
    </Stack>
  );
}
