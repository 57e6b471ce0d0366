/** Layer types by what they do, which decides their colour in the graph; one that is not here counts as shape. */
export const layer_kinds = {
  data: ["Data", "DummyData", "HDF5Data", "ImageData", "Input", "MemoryData", "WindowData"],
  convolution: ["Convolution", "Deconvolution", "DepthwiseConvolution", "Im2col"],
  dense: ["InnerProduct", "Embed", "LSTM", "LSTMUnit", "RNN", "Recurrent"],
  pooling: ["PSROIPooling", "Pooling", "ROIPooling", "SPP", "Reduction", "Unpooling"],
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
  normalization: ["Axpy", "BN", "BatchNorm", "Bias", "Dropout", "LRN", "MVN", "Mixup", "Normalize", "Scale"],
  shape: [
    "ArgMax",
    "BatchReindex",
    "Concat",
    "Crop",
    "DetectionDecode",
    "DetectionOutput",
    "Eltwise",
    "Filter",
    "Flatten",
    "Interp",
    "Parameter",
    "Permute",
    "PriorBox",
    "Python",
    "Reshape",
    "Silence",
    "Slice",
    "Split",
    "Tile",
    "Upsample",
  ],
  loss: [
    "Accuracy",
    "ContrastiveLoss",
    "DetectionLoss",
    "DetectionMetrics",
    "DiceLoss",
    "EuclideanLoss",
    "HDF5Output",
    "HingeLoss",
    "ImageMetrics",
    "InfogainLoss",
    "L1Loss",
    "MultiBoxLoss",
    "MultinomialLogisticLoss",
    "SegmentationMetrics",
    "SigmoidCrossEntropyLoss",
    "SmoothL1Loss",
    "SoftmaxWithLoss",
  ],
} as const;

export type LayerKind = keyof typeof layer_kinds;

export function kind_of(type: string): LayerKind {
  for (const [kind, types] of Object.entries(layer_kinds))
    if ((types as readonly string[]).includes(type)) return kind as LayerKind;
  return /loss$/i.test(type) ? "loss" : "shape";
}
