/** Caffe's layer types by what they do, which decides their colour in the graph. */
export const layer_kinds = {
  data: ["Data", "DummyData", "HDF5Data", "ImageData", "Input", "MemoryData", "WindowData"],
  convolution: ["Convolution", "Deconvolution", "Im2col"],
  dense: ["InnerProduct", "Embed", "LSTM", "RNN", "Recurrent"],
  pooling: ["Pooling", "SPP", "Reduction"],
  activation: [
    "AbsVal",
    "BNLL",
    "Clip",
    "ELU",
    "Exp",
    "Log",
    "PReLU",
    "Power",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "Swish",
    "TanH",
    "Threshold",
  ],
  normalization: ["BatchNorm", "Bias", "Dropout", "LRN", "MVN", "Scale"],
  shape: [
    "ArgMax",
    "BatchReindex",
    "Concat",
    "Crop",
    "Eltwise",
    "Filter",
    "Flatten",
    "Parameter",
    "Python",
    "Reshape",
    "Silence",
    "Slice",
    "Split",
    "Tile",
  ],
  loss: [
    "Accuracy",
    "ContrastiveLoss",
    "EuclideanLoss",
    "HDF5Output",
    "HingeLoss",
    "InfogainLoss",
    "L1Loss",
    "MultinomialLogisticLoss",
    "SigmoidCrossEntropyLoss",
    "SoftmaxWithLoss",
  ],
} as const;

export type LayerKind = keyof typeof layer_kinds;

export const layer_types: string[] = Object.values(layer_kinds).flat().sort();

export function kind_of(type: string): LayerKind {
  for (const [kind, types] of Object.entries(layer_kinds))
    if ((types as readonly string[]).includes(type)) return kind as LayerKind;
  return /loss$/i.test(type) ? "loss" : "shape";
}
