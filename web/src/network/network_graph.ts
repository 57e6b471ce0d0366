import { type Message, messages_of, parse_prototxt, text_of, texts_of } from "./prototxt";

export interface Layer {
  name: string;
  type: string;
  bottoms: string[];
  tops: string[];
  line: number;
  end_line: number;
  /** `5 × 5, 20 outputs`: what one wants to see of its parameters. */
  summary: string;
  message: Message;
}

/** Which of the three networks that one text holds. */
export type Stage = "train" | "val" | "deploy";
export const stages: Stage[] = ["train", "val", "deploy"];

/** All layers of a text, in its order; those of the oldest form (`layers`) too. */
export function layers_of(text: string): Layer[] {
  return parse_prototxt(text).fields.flatMap((field) => {
    if ((field.name !== "layer" && field.name !== "layers") || typeof field.value === "string") return [];
    const message = field.value;
    const type = text_of(message, "type") ?? "";
    return [
      {
        name: text_of(message, "name") ?? "",
        type: field.name === "layers" ? modern_type(type) : type,
        bottoms: texts_of(message, "bottom"),
        tops: texts_of(message, "top"),
        line: field.line,
        end_line: field.end_line,
        summary: summary_of(message),
        message,
      },
    ];
  });
}

/** INNER_PRODUCT → InnerProduct, as near as a rule gets. */
function modern_type(type: string): string {
  if (!/^[A-Z][A-Z0-9_]*$/.test(type)) return type;
  const special: Record<string, string> = { RELU: "ReLU", LRN: "LRN", TANH: "TanH", SOFTMAX_LOSS: "SoftmaxWithLoss" };
  return (
    special[type] ??
    type
      .split("_")
      .map((word) => word.charAt(0) + word.slice(1).toLowerCase())
      .join("")
  );
}

function summary_of(message: Message): string {
  const part = message.fields.find((field) => /_param$/.test(field.name) && typeof field.value !== "string")?.value;
  if (!part || typeof part === "string") return "";
  const words: string[] = [];
  const kernel = texts_of(part, "kernel_size");
  const [high, wide] = [text_of(part, "kernel_h") ?? kernel[0], text_of(part, "kernel_w") ?? kernel[1] ?? kernel[0]];
  if (high !== undefined && wide !== undefined) words.push(`${high} × ${wide}`);
  const outputs = text_of(part, "num_output");
  if (outputs !== undefined) words.push(`→ ${outputs}`);
  const stride = text_of(part, "stride");
  if (stride !== undefined && stride !== "1") words.push(`/ ${stride}`);
  for (const name of ["pool", "operation", "dropout_ratio", "local_size"]) {
    const value = text_of(part, name);
    if (value !== undefined) words.push(value);
  }
  return words.join(", ").replace(", →", " →").replace(", /", " /");
}

/** Caffe's rule: without `include` a layer is in unless an `exclude` fits; with it one must fit. */
export function is_in(layer: Layer, stage: Stage): boolean {
  const phase = stage === "train" ? "TRAIN" : "TEST";
  const fits = (rule: Message) => {
    const wanted = text_of(rule, "phase");
    if (wanted !== undefined && wanted !== phase && wanted !== (phase === "TRAIN" ? "0" : "1")) return false;
    return texts_of(rule, "stage").every((one) => one === stage) && !texts_of(rule, "not_stage").includes(stage);
  };
  const includes = messages_of(layer.message, "include");
  if (includes.length > 0) return includes.some(fits);
  return !messages_of(layer.message, "exclude").some(fits);
}

export interface GraphNode {
  id: string;
  layer: Layer;
  /** Layers that work in place on this one's output, in order. */
  attached: Layer[];
}

export interface GraphEdge {
  from: string;
  to: string;
  blob: string;
}

export interface NetworkGraph {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** Layers and the blobs between them. A layer that works in place is drawn with the one whose output it changes. */
export function graph_of(layers: Layer[]): NetworkGraph {
  const nodes: GraphNode[] = [];
  const edges: GraphEdge[] = [];
  const makers = new Map<string, GraphNode>();
  for (const layer of layers) {
    const [bottom] = layer.bottoms;
    const in_place = layer.bottoms.length === 1 && layer.tops.length === 1 && layer.tops[0] === bottom;
    const maker = bottom === undefined ? undefined : makers.get(bottom);
    if (in_place && maker) {
      maker.attached.push(layer);
      continue;
    }
    // Layers may lack a name or share one; the line tells them apart.
    const node: GraphNode = { id: `${layer.line}:${layer.name}`, layer, attached: [] };
    nodes.push(node);
    for (const blob of new Set(layer.bottoms)) {
      const from = makers.get(blob);
      if (from) edges.push({ from: from.id, to: node.id, blob });
    }
    for (const blob of layer.tops) makers.set(blob, node);
  }
  return { nodes, edges };
}
