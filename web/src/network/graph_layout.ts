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
export const attached_px = 27;

export interface Layout {
  /** By node; x and y are those of the left upper corner. */
  places: Map<string, Place>;
  /** By edge, in their order: where its line bends on its way around the boxes. */
  bends: { x: number; y: number }[][];
}

/** Top to bottom, by dagre. */
export function layout_of({ nodes, edges }: NetworkGraph): Layout {
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: "TB", nodesep: 28, ranksep: 34, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, attached } of nodes)
    graph.setNode(id, { width: node_width, height: head_px + attached.length * attached_px });
  edges.forEach(({ from, to }, i) => {
    graph.setEdge(from, to, {}, String(i));
  });
  layout(graph);
  const places = new Map(
    nodes.map(({ id }) => {
      const { x, y, width, height } = graph.node(id) as Place;
      return [id, { x: x - width / 2, y: y - height / 2, width, height }];
    }),
  );
  // The first and the last point lie on the boxes, where the handles stand.
  const bends = edges.map(({ from, to }, i) => (graph.edge(from, to, String(i))?.points ?? []).slice(1, -1));
  return { places, bends };
}

/** A smooth line through the points: straight to the middle between two, curved around each. */
export function path_through(points: { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  let path = `M${first.x},${first.y}`;
  rest.forEach((point, i) => {
    const next = rest[i + 1];
    path += next
      ? ` Q${point.x},${point.y} ${(point.x + next.x) / 2},${(point.y + next.y) / 2}`
      : ` L${point.x},${point.y}`;
  });
  return path;
}
