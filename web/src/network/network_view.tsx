import { Alert, Button, Group, SegmentedControl, Skeleton, Stack, Table, Text } from "@mantine/core";
import { lazy, Suspense, useMemo, useRef, useState } from "react";
import { type LayerDescription, type ModelSpec, ProblemError } from "../api/client";
import { bytes, significant } from "../format/format";
import { ProblemAlert } from "../frame/page_states";
import { useText } from "../text/text";
import { fold_graph } from "./fold_graph";
import { kind_of, type LayerKind, layer_kinds } from "./layer_kinds";
import { graph_of, is_in, type Layer, layers_of, type Stage, stages } from "./network_graph";
import { unpaired_line } from "./prototxt";
import { useDescribe } from "./use_describe";
import "./network.css";

const NetworkFlow = lazy(() => import("./network_flow"));

interface Props {
  text: string;
  /** For shapes and counts; null: only what the text says. */
  spec: ModelSpec | null;
  /** Lines with something wrong on them. */
  faulty?: number[];
  /** Whether what is wrong is listed here; not where the page has a list of its own. */
  findings?: boolean;
  on_line?: (line: number) => void;
}

/** A network's text as a graph, one stage at a time, and as a table of its layers. */
export function NetworkView({ text: typed, spec, faulty = [], findings = true, on_line }: Props) {
  const { t, whole } = useText();
  const [wanted, set_stage] = useState<Stage>("train");
  const [selected, set_selected] = useState<Layer | null>(null);
  // A text with an unpaired bracket has no layers to trust: the last good drawing stays, greyed.
  const stale = useMemo(() => unpaired_line(typed) !== null, [typed]);
  const good = useRef("");
  if (!stale) good.current = typed;
  const text = stale && good.current !== "" ? good.current : typed;
  const all = useMemo(() => layers_of(text), [text]);
  const present = useMemo(() => stages.filter((stage) => all.some((layer) => is_in(layer, stage))), [all]);
  const stage = present.includes(wanted) ? wanted : (present[0] ?? "train");
  const layers = useMemo(() => all.filter((layer) => is_in(layer, stage)), [all, stage]);
  const [open, set_open] = useState<ReadonlySet<string>>(new Set());
  const graph = useMemo(() => fold_graph(graph_of(layers), open), [layers, open]);
  const { found: description, error } = useDescribe(stale ? null : spec);
  const facts = useMemo(() => facts_of(description?.networks[stage]?.layers), [description, stage]);
  // What only building the network shows; the rest stands beside the text already.
  const faults = description?.diagnostics.filter(({ severity }) => severity === "error") ?? [];
  const marked = [...faulty, ...(on_line ? faults.flatMap(({ line }) => line ?? []) : [])];
  const broken = new Set(faults.flatMap(({ layer }) => layer ?? []));
  const faulty_key = [...marked, ...broken].join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the list
  const faulty_layers = useMemo(
    () =>
      new Set(
        layers
          .filter(
            (layer) => broken.has(layer.name) || marked.some((line) => line >= layer.line && line <= layer.end_line),
          )
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
      {stale && (
        <Text size="sm" c="var(--abort-ink)" role="status" data-testid="stale-graph">
          {t("network.stale")}
        </Text>
      )}
      {error instanceof ProblemError && findings && <ProblemAlert problem={error.problem} />}
      <Suspense fallback={<Skeleton height={520} />}>
        <div className="network-drawing" data-stale={stale}>
          <NetworkFlow
            graph={graph}
            selected={about?.line ?? null}
            faulty={faulty_layers}
            on_select={select}
            on_open={(fold) => set_open(new Set([...open, fold.id]))}
            facts={facts}
          />
        </div>
      </Suspense>
      {open.size > 0 && (
        <Group>
          <Button size="compact-xs" variant="default" onClick={() => set_open(new Set())}>
            {t("graph.fold")}
          </Button>
        </Group>
      )}
      {(findings ? faults : [])
        .filter(({ layer }) => layer === null || layers.some(({ name }) => name === layer))
        .map(({ message, layer }) => (
          <Alert key={message} data-tone="error" py="xs" data-testid="graph-fault">
            {layer !== null && layers.find(({ name }) => name === layer) ? (
              <button
                type="button"
                className="link-button"
                onClick={() => select(layers.find(({ name }) => name === layer)!)}
              >
                {message}
              </button>
            ) : (
              message
            )}
          </Alert>
        ))}
      {about && (
        <Text size="sm" data-testid="layer-facts">
          <b>{about.name}</b>{" "}
          {[
            about.type,
            about.summary,
            t("graph.lines", { from: String(about.line), to: String(about.end_line) }),
            fact && about.tops.map((top) => fact.shapes[top]?.join(" × ")).join(", "),
            fact && fact.parameters > 0 && `${t("model.parameters")} ${whole(fact.parameters)}`,
            fact && fact.flops > 0 && t("graph.flops", { flops: operations(fact.flops) }),
            fact && bytes(fact.memory_bytes),
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
              <Table.Th>{t("graph.shape")}</Table.Th>
              <Table.Th ta="right">{t("model.parameters")}</Table.Th>
              <Table.Th ta="right">FLOPs</Table.Th>
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
                <Table.Td>
                  {layer.tops.map((top) => facts.get(layer.name)?.shapes[top]?.join(" × ")).join(", ")}
                </Table.Td>
                <Table.Td ta="right">{whole(facts.get(layer.name)?.parameters)}</Table.Td>
                <Table.Td ta="right">{operations(facts.get(layer.name)?.flops)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </details>
    </Stack>
  );
}

function facts_of(layers: LayerDescription[] | undefined): Map<string, LayerDescription> {
  return new Map((layers ?? []).map((layer) => [layer.name, layer]));
}

/** `1.45 G`: numbers of operations. */
export function operations(count: number | null | undefined): string {
  if (!count) return "–";
  const steps: [number, string][] = [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ];
  const [size, unit] = steps.find(([least]) => count >= least) ?? [1, ""];
  return `${significant(count / size, 3)} ${unit}`.trim();
}
