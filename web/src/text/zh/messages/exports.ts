export const exports: Record<string, string> = {
  "The network cannot be written as ONNX: {}": "该网络无法写为 ONNX：{}",
  "The model has more than the 2 GB that an ONNX file can hold": "该模型超过 ONNX 文件可容纳的 2 GB",
  "Export it as Caffe or safetensors, or change these layers": "请导出为 Caffe 或 safetensors，或修改这些层",
  "ONNX's standard operators, as Digits writes them, lack this type": "Digits 所写的 ONNX 标准算子中没有此类型",
  "it has no bottom {}": "它没有 bottom {}",
  "it has no weights {}": "它没有权重 {}",
  "its channels must be on axis 1, before spatial axes": "其通道必须在轴 1 上，位于空间轴之前",
  "axis 0 makes one row of a whole batch": "轴 0 会把整个批合为一行",
  "ONNX has no stochastic pooling": "ONNX 没有随机池化",
  "its second top, the places of the maxima, has another form in ONNX":
    "其第二个 top（最大值的位置）在 ONNX 中形式不同",
  "it joins whole batches": "它连接整个批",
  "it cuts a batch": "它切分批",
  "the first axis of its top is not the batch": "其 top 的第一个轴不是批",
  "only the best one along an axis can be written": "只能写出沿一个轴的最佳项",
  "it joins a whole batch": "它合并整个批",
  "pad_beg and pad_end cannot be written": "无法写出 pad_beg 和 pad_end",
  "Non-maximum suppression cannot be written into the file: the network does not end in a DetectionDecode layer":
    "无法将非极大值抑制写入文件：网络不以 DetectionDecode 层结尾",
  "Export it without non-maximum suppression": "请在不包含非极大值抑制的情况下导出",
};
