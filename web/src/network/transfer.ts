import { type Field, type Message, messages_of, parse_prototxt, text_of } from "./prototxt";

/** Layers of a network that have weights, by whether another network's fit them. */
export interface TakenOver {
  /** Same name, and as far as the texts tell the same shape. */
  kept: string[];
  /** No layer of the name there. */
  anew: string[];
  /** A layer of the name with another shape: it starts from scratch. */
  differing: string[];
}

interface Layer {
  name: string;
  type: string;
  message: Message;
}

function layers_of(text: string): Layer[] {
  return parse_prototxt(text).fields.flatMap((field: Field) => {
    if (field.name !== "layer" || typeof field.value === "string") return [];
    const message = field.value;
    const name = message.fields.find((one) => one.name === "name");
    if (typeof name?.value !== "string") return [];
    return [{ name: name.value, type: text_of(message, "type") ?? "", message }];
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
