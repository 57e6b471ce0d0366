import { type Field, type Message, messages_of, parse_prototxt, text_of } from "./prototxt";

/** Layers of a network that have weights, by whether another network's fit them. */
export interface TakenOver {
  /** Same name, and as far as the texts tell the same shape. */
  kept: string[];
  /** No layer of the name there. */
  anew: string[];
  /** A layer of the name with another shape: it must have another name to start anew. */
  differing: string[];
}

export interface TransferChoices {
  differing: readonly string[];
  kept: readonly string[];
  /** Layers up to this one, in the order of the text, keep their weights; empty: none do. */
  freeze_to: string;
  /** Factor of the learning rates of the kept layers that learn. */
  rate: number;
}

interface Layer {
  name: string;
  name_line: number;
  type: string;
  message: Message;
}

function layers_of(text: string): Layer[] {
  return parse_prototxt(text).fields.flatMap((field: Field) => {
    if (field.name !== "layer" || typeof field.value === "string") return [];
    const message = field.value;
    const name = message.fields.find((one) => one.name === "name");
    if (typeof name?.value !== "string") return [];
    return [{ name: name.value, name_line: name.line, type: text_of(message, "type") ?? "", message }];
  });
}

/** How many learnable blobs a layer has by its text. */
function blobs_of({ type, message }: Layer): number {
  const parameters = messages_of(
    message,
    type === "InnerProduct" ? "inner_product_param" : type === "Scale" ? "scale_param" : "convolution_param",
  )[0];
  const without = text_of(parameters, "bias_term") === "false";
  if (type === "Convolution" || type === "Deconvolution" || type === "DepthwiseConvolution" || type === "InnerProduct")
    return without ? 1 : 2;
  if (type === "Scale") return text_of(parameters, "bias_term") === "true" ? 2 : 1;
  if (type === "BatchNorm") return 3;
  return type === "PReLU" || type === "Bias" ? 1 : 0;
}

/** What of its shape a layer's text tells; null: as many outputs as the dataset has classes. */
function shape_of({ type, message }: Layer): string | null {
  const product = type === "InnerProduct";
  if (!product && type !== "Convolution" && type !== "Deconvolution") return type;
  const parameters = messages_of(message, product ? "inner_product_param" : "convolution_param")[0];
  const outputs = text_of(parameters, "num_output");
  if (outputs === undefined) return null;
  return [type, outputs, text_of(parameters, "kernel_size"), text_of(parameters, "group") ?? "1"].join(" ");
}

export function compare_layers(text: string, source: string): TakenOver {
  const there = new Map(layers_of(source).map((layer) => [layer.name, layer]));
  const found: TakenOver = { kept: [], anew: [], differing: [] };
  const told = new Set<string>();
  for (const layer of layers_of(text)) {
    if (blobs_of(layer) === 0 || told.has(layer.name)) continue;
    told.add(layer.name);
    const other = there.get(layer.name);
    const shape = shape_of(layer);
    if (!other || blobs_of(other) === 0) found.anew.push(layer.name);
    else if (shape !== null && shape === shape_of(other)) found.kept.push(layer.name);
    else found.differing.push(layer.name);
  }
  return found;
}

/** The network's text with these choices in it: other names for what starts anew, and learning rates. */
export function with_transfer(text: string, choices: TransferChoices): string {
  const lines = text.split("\n");
  const layers = layers_of(text);
  const last = layers.findLastIndex(({ name }) => name === choices.freeze_to);
  const insertions = new Map<number, string[]>();
  layers.forEach((layer, i) => {
    const at = layer.name_line - 1;
    if (choices.differing.includes(layer.name))
      lines[at] = lines[at]!.replace(`"${layer.name}"`, `"${layer.name}_retrain"`);
    const frozen = i <= last;
    const factor = frozen ? 0 : choices.kept.includes(layer.name) ? choices.rate : 1;
    const blobs = blobs_of(layer);
    if (factor === 1 || blobs === 0) return;
    const more: string[] = [];
    if (layer.type === "BatchNorm") {
      if (frozen && messages_of(layer.message, "batch_norm_param").length === 0)
        more.push("  batch_norm_param { use_global_stats: true }");
    } else {
      const params = layer.message.fields.filter(({ name, value }) => name === "param" && typeof value !== "string");
      const touched = new Set<number>();
      for (const param of params) for (let line = param.line; line <= param.end_line; line += 1) touched.add(line - 1);
      for (const line of touched)
        lines[line] = lines[line]!.replace(
          /lr_mult:\s*([\d.eE+-]+)/g,
          (_, before: string) => `lr_mult: ${Number((Number(before) * factor).toPrecision(6))}`,
        );
      for (let k = params.length; k < blobs; k += 1) more.push(`  param { lr_mult: ${factor} }`);
    }
    if (more.length > 0) insertions.set(at, more);
  });
  return lines.flatMap((line, i) => [line, ...(insertions.get(i) ?? [])]).join("\n");
}
