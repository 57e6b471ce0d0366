import { Button, List, Modal, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useMemo } from "react";
import { answer, client, type ModelSpec, ProblemError } from "../api/client";
import { ProblemAlert } from "../frame/page_states";
import { line_diff } from "../network/line_diff";
import { useText } from "../text/text";
import "./adapt.css";

interface Props {
  /** What is trained, with the network's text and the dataset. */
  spec: ModelSpec | null;
  text: string;
  on_adapt: (text: string) => void;
}

/** Makes a network written for Caffe trainable on the dataset, after showing what changes. */
export function AdaptButton({ spec, text, on_adapt }: Props) {
  const { t, said } = useText();
  const adapt = useMutation({
    mutationFn: (asked: ModelSpec) => answer(client.POST("/networks/adapt", { body: { spec: asked } })),
  });
  const found = adapt.data;
  const diff = useMemo(
    () => (found ? line_diff(adapt.variables?.network?.prototxt ?? text, found.text) : []),
    [found, adapt.variables, text],
  );
  const ready = Boolean(spec?.dataset_id);
  return (
    <>
      <Button
        size="xs"
        variant="default"
        disabled={!ready}
        title={ready ? undefined : t("adapt.choose_dataset")}
        loading={adapt.isPending}
        onClick={() => spec && adapt.mutate(spec)}
      >
        {t("adapt.action")}
      </Button>
      <Modal opened={adapt.isSuccess || adapt.isError} onClose={adapt.reset} title={t("adapt.title")} size="xl">
        <Stack gap="sm" data-testid="adapt">
          {adapt.error instanceof ProblemError && <ProblemAlert problem={adapt.error.problem} />}
          {found && found.changes.length === 0 && <Text size="sm">{t("adapt.nothing")}</Text>}
          {found && found.changes.length > 0 && (
            <>
              <List size="sm">
                {found.changes.map(({ line, layer, message }) => (
                  <List.Item key={`${line}:${layer}:${message}`}>
                    {line !== null && `${t("adapt.line", { line: String(line) })} `}
                    {layer !== null && <b>{layer}: </b>}
                    {said(message)}
                  </List.Item>
                ))}
              </List>
              <section className="adapt-diff" aria-label={t("adapt.diff")}>
                <pre>
                  {diff.map(({ kind, text: line }, i) => (
                    <span key={i} data-kind={kind}>
                      {kind === "gap" ? "⋯" : `${kind === "added" ? "+" : kind === "removed" ? "−" : " "} ${line}`}
                      {"\n"}
                    </span>
                  ))}
                </pre>
              </section>
              {found.diagnostics
                .filter(({ severity }) => severity === "error")
                .map(({ message }) => (
                  <Text key={message} size="sm" c="red">
                    {said(message)}
                  </Text>
                ))}
              <Button
                onClick={() => {
                  on_adapt(found.text);
                  adapt.reset();
                }}
              >
                {t("adapt.apply")}
              </Button>
            </>
          )}
        </Stack>
      </Modal>
    </>
  );
}
