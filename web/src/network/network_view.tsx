import { Group, SegmentedControl, Skeleton, Stack, Table, Text } from "@mantine/core";
import { lazy, Suspense, useMemo, useState } from "react";
import type { ModelSpec } from "../api/client";
import { significant } from "../format/format";
import { useText } from "../text/text";
import { kind_of, type LayerKind, layer_kinds } from "./layer_kinds";
import { graph_of, is_in, type Layer, layers_of, type Stage, stages } from "./network_graph";
import { useDescribe } from "./use_describe";

const NetworkFlow = lazy(() => import("./network_flow"));

interface Props {
  text: string;
  /** For shapes and counts; null: only what the text says. */
  spec: ModelSpec | null;
  /** Lines with something wrong on them. */
  faulty?: number[];
  on_line?: (line: number) => void;
}

/** A network's text as a graph, one stage at a time, and as a table of its layers. */
export function NetworkView({ text, spec, faulty = [], on_line }: Props) {
  const { t, whole } = useText();
  const [wanted, set_stage] = useState<Stage>("train");
  const [selected, set_selected] = useState<Layer | null>(null);
  const all = useMemo(() => layers_of(text), [text]);
  const present = useMemo(() => stages.filter((stage) => all.some((layer) => is_in(layer, stage))), [all]);
  const stage = present.includes(wanted) ? wanted : (present[0] ?? "train");
  const layers = useMemo(() => all.filter((layer) => is_in(layer, stage)), [all, stage]);
  const graph = useMemo(() => graph_of(layers), [layers]);
  const { layers: facts } = useDescribe(spec);
  const faulty_key = faulty.join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the list
  const faulty_layers = useMemo(
    () =>
      new Set(
        layers
          .filter((layer) => faulty.some((line) => line >= layer.line && line <= layer.end_line))
          .map((layer) => layer.line),
      ),
    [layers, faulty_key],
  );
  if (all.length === 0) return <Text c="dimmed">{t("graph.no_layers")}</Text>;
  const select = (layer: Layer) => {
    set_selected(layer);
    on_line?.(layer.line);
  };
  const kinds = Object.keys(layer_kinds).filter((kind) => layers.some((layer) => kind_of(layer.type) === kind));
  const about = selected && layers.find((layer) => layer.line === selected.line);
  const fact = about ? facts.get(about.name) : undefined;
  return (
    <Stack gap="xs">
      <Group justify="space-between" gap="sm">
        <SegmentedControl
          size="xs"
          aria-label={t("graph.stage")}
          value={stage}
          onChange={(value) => set_stage(value as Stage)}
          data={present.map((one) => ({ value: one, label: t(`graph.stage.${one}`) }))}
        />
        <Group gap="sm">
          {kinds.map((kind) => (
            <span key={kind} className="layer-legend" data-kind={kind}>
              {t(`graph.kind.${kind as LayerKind}`)}
            </span>
          ))}
        </Group>
      </Group>
      <Suspense fallback={<Skeleton height={520} />}>
        <NetworkFlow
          graph={graph}
          selected={about?.line ?? null}
          faulty={faulty_layers}
          on_select={select}
          facts={facts}
        />
      </Suspense>
      {about && (
        <Text size="sm" data-testid="layer-facts">
          <b>{about.name}</b>{" "}
          {[
            about.type,
            about.summary,
            t("graph.lines", { from: String(about.line), to: String(about.end_line) }),
            fact?.parameters !== undefined && `${t("model.parameters")} ${whole(fact.parameters)}`,
            fact?.flops !== undefined && `${significant(fact.flops)} FLOPs`,
          ]
            .filter(Boolean)
            .join(" · ")}
        </Text>
      )}
      <details>
        <summary>{t("graph.table", { n: layers.length })}</summary>
        <Table maw={760} data-testid="layer-table">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("field.name")}</Table.Th>
              <Table.Th>{t("graph.type")}</Table.Th>
              <Table.Th>{t("graph.bottoms")}</Table.Th>
              <Table.Th>{t("graph.tops")}</Table.Th>
              <Table.Th ta="right">{t("model.parameters")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {layers.map((layer) => (
              <Table.Tr key={layer.line}>
                <Table.Td>
                  <button type="button" className="link-button" onClick={() => select(layer)}>
                    {layer.name || layer.type}
                  </button>
                </Table.Td>
                <Table.Td>{[layer.type, layer.summary].filter(Boolean).join(" ")}</Table.Td>
                <Table.Td>{layer.bottoms.join(", ")}</Table.Td>
                <Table.Td>{layer.tops.join(", ")}</Table.Td>
                <Table.Td ta="right">{whole(facts.get(layer.name)?.parameters)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </details>
    </Stack>
  );
}
