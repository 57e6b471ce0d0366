import { Alert, Button, Code, CopyButton, Group, Modal, SegmentedControl, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { answer, archive_url, client, export_url, type Model, ProblemError } from "../api/client";
import { useDataset } from "../api/queries";
import { DeclaredFields } from "../forms/declared_fields";
import { put_typed, type Typed, useFormFields } from "../forms/form_fields";
import { ProblemAlert } from "../frame/page_states";
import { useText } from "../text/text";
import { type ExportFormat, languages, snippet } from "./export_snippets";
import { SnapshotSelect } from "./snapshot_choices";

/** The model as a file for other programs, with code that uses it. */
export default function ExportDialog({ model, close }: { model: Model; close: () => void }) {
  const { t, whole, said } = useText();
  const id = model.job.id;
  const [format, set_format] = useState<ExportFormat>("onnx");
  const [snapshot, set_snapshot] = useState("best");
  const [language, set_language] = useState("");
  const [typed, set_typed] = useState<Typed>({});
  const dataset = useDataset(model.job.parents[0] ?? "", model.job.parents.length > 0).data;
  const image = dataset?.dataset?.image;
  const declared = useFormFields("model_export") ?? [];
  const is_detector = (dataset?.job.spec as { type?: string } | null)?.type === "detection";
  const options = declared.filter(({ path }) => path === "/nms" && format === "onnx" && is_detector);
  const make = useMutation({
    mutationFn: () => {
      const body: Record<string, unknown> = { format };
      put_typed(body, options, typed);
      return answer(
        client.POST("/models/{id}/exports", {
          params: { path: { id }, query: { snapshot } as never },
          body: body as never,
        }),
      );
    },
  });
  const made = make.data?.format === format ? make.data : undefined;
  const url = format === "caffe" ? archive_url(id, snapshot) : made && export_url(id, made.name);
  const shown = languages[format].includes(language as never) ? language : languages[format][0]!;
  const file = format === "caffe" ? `${id}.tar.gz` : (made?.name ?? `model.${format}`);
  const code = snippet(format, shown, {
    file,
    id,
    origin: location.origin,
    width: image?.width ?? 224,
    height: image?.height ?? 224,
  });
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t("model_export.title")}
      closeButtonProps={{ "aria-label": t("action.close") }}
    >
      <Stack gap="sm">
        <SegmentedControl
          aria-label={t("model_export.format")}
          value={format}
          onChange={(value) => set_format(value as ExportFormat)}
          data={[
            { value: "onnx", label: "ONNX" },
            { value: "safetensors", label: "safetensors" },
            { value: "caffe", label: "Caffe" },
            { value: "server", label: t("model_export.server") },
          ]}
        />
        <Text size="sm">{t(`model_export.${format}.help`)}</Text>
        {format !== "server" && (
          <SnapshotSelect
            snapshots={model.snapshots}
            value={snapshot}
            on_choose={(chosen) => {
              set_snapshot(chosen);
              make.reset();
            }}
          />
        )}
        <DeclaredFields
          fields={options}
          typed={typed}
          change={(part) => {
            set_typed((before) => ({ ...before, ...part }));
            make.reset();
          }}
          error={() => undefined}
        />
        <Group>
          {(format === "onnx" || format === "safetensors") && (
            <Button loading={make.isPending} onClick={() => make.mutate()}>
              {t("model_export.make")}
            </Button>
          )}
          {url && (
            <Button component="a" href={url} download variant={format === "caffe" ? "filled" : "default"}>
              {t("model_export.download")}
            </Button>
          )}
        </Group>
        {made && format === "onnx" && (
          <Alert data-tone={made.verified ? "ok" : "warning"} py="xs" data-testid="export-verified">
            {made.verified
              ? t("model_export.verified", {
                  difference: (made.difference ?? 0).toExponential(1),
                  runtime: made.runtime ?? "",
                  images: whole(made.images),
                })
              : said(made.note ?? "")}
          </Alert>
        )}
        {make.error instanceof ProblemError && <ProblemAlert problem={make.error.problem} />}
        <SegmentedControl
          size="xs"
          aria-label={t("model_export.language")}
          value={shown}
          onChange={set_language}
          data={[...languages[format]]}
        />
        <Code block data-testid="snippet" tabIndex={0} role="region" aria-label={t("model_export.language")}>
          {code}
        </Code>
        <Group justify="flex-end">
          <CopyButton value={code}>
            {({ copied, copy }) => (
              <Button size="xs" variant="default" onClick={copy}>
                {t(copied ? "model_export.copied" : "model_export.copy")}
              </Button>
            )}
          </CopyButton>
        </Group>
      </Stack>
    </Modal>
  );
}
