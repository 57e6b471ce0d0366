import { kind_of } from "./layer_kinds";
import type { GraphEdge, GraphNode, Layer, NetworkGraph } from "./network_graph";

/** A run of equal parts of a network, drawn as one box. */
export interface Fold {
  id: string;
  block: BlockName;
  count: number;
  /** All layers in it, in their order. */
  layers: Layer[];
}

export type BlockName = "inception" | "residual" | "fire" | "block";

export interface FoldedNode extends GraphNode {
  fold?: Fold;
}

export interface FoldedGraph extends NetworkGraph {
  nodes: FoldedNode[];
  folds: Fold[];
}

/** One node of the trunk, or what lies between two nodes that every way to the end passes, with the second of them. */
interface Part {
  /** Equal parts have the same. */
  sign: string;
  block: BlockName | null;
  nodes: GraphNode[];
}

const longest_unit = 6;

/** Draws runs of two or more equal blocks (of branches that part and join) as one box each, but for those in `open`. */
export function fold_graph(graph: NetworkGraph, open: ReadonlySet<string>): FoldedGraph {
  const folds = find_folds(graph);
  const home = new Map<string, Fold>();
  for (const fold of folds) {
    if (open.has(fold.id)) continue;
    for (const node of graph.nodes) if (fold.layers.includes(node.layer)) home.set(node.id, fold);
  }
  const nodes: FoldedNode[] = [];
  for (const node of graph.nodes) {
    const fold = home.get(node.id);
    if (!fold) nodes.push(node);
    else if (!nodes.some(({ id }) => id === fold.id))
      nodes.push({ id: fold.id, layer: fold.layers[0]!, attached: [], fold });
  }
  const place = (id: string) => home.get(id)?.id ?? id;
  const known = new Set<string>();
  const edges: GraphEdge[] = [];
  for (const edge of graph.edges) {
    const moved = { from: place(edge.from), to: place(edge.to), blob: edge.blob };
    const key = `${moved.from} ${moved.to} ${moved.blob}`;
    if (moved.from === moved.to || known.has(key)) continue;
    known.add(key);
    edges.push(moved);
  }
  return { nodes, edges, folds };
}

function find_folds(graph: NetworkGraph): Fold[] {
  const parts = parts_of(graph);
  const taken = parts.map(() => false);
  const folds: { at: number; fold: Fold }[] = [];
  // Short units first: five inceptions are five, not two and a half pairs.
  for (let length = 1; length <= longest_unit; length += 1) {
    for (let at = 0; at < parts.length; at += 1) {
      const count = repeats(parts, taken, at, length);
      if (count < 2) continue;
      const nodes = parts.slice(at, at + length * count).flatMap((part) => part.nodes);
      taken.fill(true, at, at + length * count);
      folds.push({
        at,
        fold: {
          id: `fold:${nodes[0]!.id}`,
          block: name_of(parts.slice(at, at + length)),
          count,
          layers: nodes.flatMap(({ layer, attached }) => [layer, ...attached]),
        },
      });
    }
  }
  return folds.sort((a, b) => a.at - b.at).map(({ fold }) => fold);
}

/** How often the unit at `at` stands there in a row; only units with a block in them count. */
function repeats(parts: Part[], taken: boolean[], at: number, length: number): number {
  const unit = parts.slice(at, at + length);
  if (unit.length < length || !unit.some(({ block }) => block)) return 0;
  const free = (i: number) => i < parts.length && !taken[i];
  let count = 0;
  while (unit.every(({ sign }, k) => free(at + count * length + k) && parts[at + count * length + k]!.sign === sign))
    count += 1;
  return count;
}

function name_of(unit: Part[]): BlockName {
  const block = unit.find((part) => part.block)!;
  const single = unit.filter((part) => !part.block && part.nodes[0]?.layer.type === "Convolution");
  return block.block === "block" && unit.length === 2 && single.length === 1 && block.sign.startsWith("Concat 2")
    ? "fire"
    : block.block!;
}

/** The trunk of the network: the nodes that lie on a way to its last one, cut where all ways meet. */
function parts_of({ nodes, edges: all }: NetworkGraph): Part[] {
  const by_id = new Map(nodes.map((node) => [node.id, node]));
  // A label goes past everything.
  const edges = all.filter(
    ({ from, to }) =>
      !(kind_of(by_id.get(from)!.layer.type) === "data" && kind_of(by_id.get(to)!.layer.type) === "loss"),
  );
  const feeders = new Map<string, string[]>();
  for (const { from, to } of edges) feeders.set(to, [...(feeders.get(to) ?? []), from]);
  const trunk = new Set<string>();
  const pending = [last_of(nodes)].flatMap((node) => (node ? [node.id] : []));
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (trunk.has(id)) continue;
    trunk.add(id);
    pending.push(...(feeders.get(id) ?? []));
  }
  const order = nodes.filter(({ id }) => trunk.has(id));
  const index = new Map(order.map(({ id }, i) => [id, i]));
  const reach = order.map(() => 0);
  for (const { from, to } of edges) {
    const [a, b] = [index.get(from), index.get(to)];
    if (a !== undefined && b !== undefined) reach[a] = Math.max(reach[a]!, b);
  }
  const parts: Part[] = [];
  let begin = 0;
  let farthest = 0;
  order.forEach((node, i) => {
    if (farthest <= i) {
      parts.push(part_of(order.slice(begin, i + 1), node, edges));
      begin = i + 1;
    }
    farthest = Math.max(farthest, reach[i]!);
  });
  return parts;
}

/** The last loss, else the last layer. */
function last_of(nodes: GraphNode[]): GraphNode | undefined {
  return nodes.findLast(({ layer }) => /Loss$/.test(layer.type)) ?? nodes.at(-1);
}

function part_of(nodes: GraphNode[], join: GraphNode, edges: GraphEdge[]): Part {
  if (nodes.length === 1) return { sign: join.layer.type, block: null, nodes };
  const branches = new Set(edges.filter(({ to }) => to === join.id).map(({ from }) => from)).size;
  const type = join.layer.type;
  if (type === "Eltwise") return { sign: "Eltwise", block: "residual", nodes };
  if (type === "Concat" && branches >= 3) return { sign: `Concat ${branches}`, block: "inception", nodes };
  return { sign: `${type} ${branches} ${nodes.map(({ layer }) => layer.type).sort()}`, block: "block", nodes };
}
