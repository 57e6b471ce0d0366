import { Graph, layout } from "@dagrejs/dagre";
import type { NetworkGraph } from "./network_graph";

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const node_width = 190;
const head_px = 46;
const attached_px = 20;

/** Top to bottom, by dagre; places are those of the left upper corners. */
export function places_of({ nodes, edges }: NetworkGraph): Map<string, Place> {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 28, ranksep: 34, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, attached } of nodes)
    graph.setNode(id, { width: node_width, height: head_px + attached.length * attached_px });
  edges.forEach(({ from, to }, i) => {
    graph.setEdge(from, to, {}, String(i));
  });
  layout(graph);
  return new Map(
    nodes.map(({ id }) => {
      const { x, y, width, height } = graph.node(id) as Place;
      return [id, { x: x - width / 2, y: y - height / 2, width, height }];
    }),
  );
}
