import {
  Background,
  BaseEdge,
  Controls,
  type Edge,
  type EdgeProps,
  Handle,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  type ReactFlowState,
  useStore,
} from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useComputedColorScheme } from "@mantine/core";
import { useMemo } from "react";
import type { LayerDescription } from "../api/client";
import { useText } from "../text/text";
import type { Fold, FoldedGraph, FoldedNode } from "./fold_graph";
import { attached_px, layout_of, node_width, path_through } from "./graph_layout";
import { kind_of } from "./layer_kinds";
import type { Layer } from "./network_graph";

type LayerNode = Node<{
  node: FoldedNode;
  selected: number | null;
  faulty: ReadonlySet<number>;
  on_select: (layer: Layer) => void;
  on_open: (fold: Fold) => void;
}>;

/** Below this zoom a box is too small to be hit: the boxes are a drawing then, and the list of layers has the buttons. */
const are_targets = ({ transform }: ReactFlowState) => transform[2] * attached_px >= least_target_px;
const least_target_px = 24;

function LayerBox({ data: { node, selected, faulty, on_select, on_open } }: NodeProps<LayerNode>) {
  const targets = useStore(are_targets);
  if (node.fold) return <FoldBox fold={node.fold} faulty={faulty} on_open={on_open} targets={targets} />;
  const part = (layer: Layer, text: string, className: string) => {
    const looks = {
      className: `nodrag layer-part ${className}`,
      "data-kind": kind_of(layer.type),
      "data-selected": layer.line === selected,
      "data-faulty": faulty.has(layer.line),
      title: `${layer.name} (${layer.type})`,
    };
    const words = (
      <>
        <b>{layer.name || layer.type}</b>
        <span>{text}</span>
      </>
    );
    return targets ? (
      <button key={layer.line} type="button" {...looks} onClick={() => on_select(layer)}>
        {words}
      </button>
    ) : (
      <div key={layer.line} {...looks}>
        {words}
      </div>
    );
  };
  return (
    <div className="layer-node" style={{ width: node_width }}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      {part(node.layer, [node.layer.type, node.layer.summary].filter(Boolean).join(" "), "layer-head")}
      {node.attached.map((layer) =>
        part(layer, [layer.type, layer.summary].filter(Boolean).join(" "), "layer-attached"),
      )}
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
}

function FoldBox({
  fold,
  faulty,
  on_open,
  targets,
}: {
  fold: Fold;
  faulty: ReadonlySet<number>;
  on_open: (fold: Fold) => void;
  targets: boolean;
}) {
  const { t } = useText();
  const looks = {
    className: "nodrag layer-part layer-head layer-fold",
    "data-kind": "shape",
    "data-faulty": fold.layers.some((layer) => faulty.has(layer.line)),
  };
  const words = (
    <>
      <b>
        {t(`graph.block.${fold.block}`)} × {fold.count}
      </b>
      <span>{t("graph.fold_layers", { n: fold.layers.length })}</span>
    </>
  );
  return (
    <div className="layer-node" style={{ width: node_width }}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      {targets ? (
        <button type="button" {...looks} title={t("graph.open_fold")} onClick={() => on_open(fold)}>
          {words}
        </button>
      ) : (
        <div {...looks}>{words}</div>
      )}
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
}

type BentEdge = Edge<{ bends: { x: number; y: number }[] }>;

function BentLine({ sourceX, sourceY, targetX, targetY, data, label }: EdgeProps<BentEdge>) {
  const points = [{ x: sourceX, y: sourceY }, ...(data?.bends ?? []), { x: targetX, y: targetY }];
  const middle = points[Math.floor(points.length / 2)]!;
  const before = points[Math.floor(points.length / 2) - 1]!;
  return (
    <BaseEdge
      path={path_through(points)}
      label={label}
      labelX={(middle.x + before.x) / 2}
      labelY={(middle.y + before.y) / 2}
    />
  );
}

const node_types = { layer: LayerBox };
const edge_types = { bent: BentLine };

interface Props {
  graph: FoldedGraph;
  selected: number | null;
  /** First lines of layers that something is wrong with. */
  faulty: ReadonlySet<number>;
  on_select: (layer: Layer) => void;
  on_open: (fold: Fold) => void;
  facts: Map<string, LayerDescription>;
}

/** The network top to bottom; shapes stand on the edges when the server has told them. */
export default function NetworkFlow({ graph, selected, faulty, on_select, on_open, facts }: Props) {
  const { t } = useText();
  const scheme = useComputedColorScheme("light");
  const { places, bends } = useMemo(() => layout_of(graph), [graph]);
  const shapes = useMemo(() => {
    const known = new Map<string, string>();
    for (const layer of facts.values())
      for (const [blob, shape] of Object.entries(layer.shapes)) known.set(blob, shape.join(" × "));
    return known;
  }, [facts]);
  const nodes: LayerNode[] = graph.nodes.map((node) => {
    const place = places.get(node.id)!;
    return {
      id: node.id,
      type: "layer",
      position: { x: place.x, y: place.y },
      data: { node, selected, faulty, on_select, on_open },
      width: place.width,
      height: place.height,
      style: { pointerEvents: "all" },
      draggable: false,
      focusable: false,
      selectable: false,
    };
  });
  const edges: BentEdge[] = graph.edges.map(({ from, to, blob }, i) => ({
    id: `${i}`,
    type: "bent",
    data: { bends: bends[i] ?? [] },
    source: from,
    target: to,
    label: shapes.get(blob),
    ariaLabel: t("graph.edge", { from, to }),
    focusable: false,
    selectable: false,
  }));
  // The head of the network readable rather than the whole of it too small to read.
  const width = Math.max(...[...places.values()].map((place) => place.x + place.width), 1);
  const key = graph.nodes.map(({ id }) => id).join();
  return (
    <div className="network-flow" role="group" aria-label={t("graph.label")}>
      <ReactFlow
        key={key}
        nodes={nodes}
        edges={edges}
        nodeTypes={node_types}
        edgeTypes={edge_types}
        colorMode={scheme}
        defaultViewport={{ x: 0, y: 8, zoom: 1 }}
        onInit={(flow) => {
          const host = document.querySelector(".network-flow")?.getBoundingClientRect();
          const zoom = Math.min(1, Math.max(0.35, ((host?.width ?? 500) - 16) / width));
          void flow.setViewport({ x: Math.max(0, ((host?.width ?? 500) - width * zoom) / 2), y: 8, zoom });
        }}
        minZoom={0.05}
        // A click also finds a box that is drawn too small to be a button.
        onNodeClick={({ clientX, clientY, target }, { data }) => {
          if ((target as Element).closest("button")) return;
          const { node } = data;
          if (node.fold) return on_open(node.fold);
          const parts = [...((target as Element).closest(".layer-node")?.querySelectorAll(".layer-part") ?? [])];
          const hit = parts.findIndex((part) => {
            const { left, right, top, bottom } = part.getBoundingClientRect();
            return clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
          });
          on_select([node.layer, ...node.attached][Math.max(0, hit)]!);
        }}
        zoomOnScroll={false}
        preventScrolling={false}
        nodesConnectable={false}
        nodesDraggable={false}
        elementsSelectable={false}
        disableKeyboardA11y
        onlyRenderVisibleElements
        proOptions={{ hideAttribution: true }}
        ariaLabelConfig={{
          // The boxes are buttons; nothing else can be selected or moved by keys.
          "node.a11yDescription.default": "",
          "node.a11yDescription.keyboardDisabled": "",
          "edge.a11yDescription.default": "",
          "controls.ariaLabel": t("graph.controls"),
          "controls.zoomIn.ariaLabel": t("graph.zoom_in"),
          "controls.zoomOut.ariaLabel": t("graph.zoom_out"),
          "controls.fitView.ariaLabel": t("graph.fit"),
        }}
      >
        <Background gap={24} />
        <Controls showInteractive={false} />
      </ReactFlow>
    </div>
  );
}
