export const tasks: Record<string, string> = {
  "The network has no output with one value for each class: its outputs are {}.":
    "网络没有每个类别一个值的输出：其输出为 {}。",
  "Let the network end in a layer with one output a class, for instance an InnerProduct layer and a Softmax":
    "让网络以每个类别一个输出的层结束，例如 InnerProduct 层和 Softmax",
  "{} outputs of the network could be the answer, and no Accuracy layer says which: {}.":
    "网络有 {} 个输出都可能是答案，而没有 Accuracy 层说明是哪一个：{}。",
  "Let an Accuracy layer of the validation read the scores that answer, or exclude the other outputs from the stage deploy":
    "让验证中的 Accuracy 层读取作为答案的分数，或在 deploy 阶段排除其他输出",
  "The network has no output with boxes: its outputs are {}.": "网络没有输出框：其输出为 {}。",
  "Let the deploy network end in a layer that lists boxes: DetectionDecode, DetectionOutput or DetectNet's ClusterDetections":
    "请让部署网络以列出框的层结束：DetectionDecode、DetectionOutput 或 DetectNet 的 ClusterDetections",
  "The output {} has {} values, the dataset has {} labels.": "输出 {} 有 {} 个值，数据集有 {} 个标签。",
  "Give the last layer as many outputs as the dataset has labels": "让最后一层的输出数等于数据集的标签数",
  "The network has no output.": "网络没有输出。",
  "The output {} is not an image, which has channels, height and width.": "输出 {} 不是图像：应有通道、高和宽。",
  "Unhandled number of channels: {}": "不支持的通道数：{}",
  "The outputs {} are not a slope, which has two numbers.": "输出 {} 不是斜率：应为两个数。",
  "No palette found in dataset - choose other colormap": "数据集中没有调色板，请选择其他颜色映射",
  "Choose another view": "请选择其他视图",
  "Choose another view, or another data order": "请选择其他视图，或其他数据顺序",
  "The output of the network is {} x {} pixels, the image to make of {} is {} x {}.":
    "网络的输出为 {} × {} 像素，而 {} 的目标图像为 {} × {}。",
  "Let the network end in an output as large as the images of the dataset": "请让网络的输出与数据集的图像一样大",
  "The network has no output that is an image: its outputs are {}.": "网络没有图像输出：其输出为 {}。",
  "Let the deploy network end in a layer with an output of 1 or 3 x height x width":
    "请让部署网络以输出为 1 或 3 × 高 × 宽的层结束",
  "The output {} has {} values, the target of an image has {}.": "输出 {} 有 {} 个值，而图像的目标有 {} 个。",
  "Give the last layer as many outputs as the dataset has numbers for an image":
    "让最后一层的输出数等于数据集中每张图像的数字个数",
  "The mask of {} is {} x {} pixels, its image {} x {}.": "{} 的掩码为 {} × {} 像素，其图像为 {} × {}。",
  "No pixel of the masks has a class of the dataset, so there is no IoU. Check the classes and the ignored value of the dataset.":
    "掩码中没有像素属于数据集的类别，因此没有 IoU。请检查数据集的类别和忽略值。",
  "The network predicts only classes that the dataset does not have; it has {}.":
    "网络只预测数据集没有的类别；数据集有 {} 个类别。",
  "The network predicts {} for every pixel, and no pixel has this class.":
    "网络对每个像素都预测为 {}，而没有像素属于此类别。",
  "No pixel is predicted right. Check that the classes of the dataset are in the order that the network learned.":
    "没有像素预测正确。请检查数据集的类别顺序是否与网络学习时一致。",
  "The network has no output with a class for each pixel: its outputs are {}.":
    "网络没有逐像素类别的输出：其输出为 {}。",
  "Let the deploy network end in scores of classes x height x width, for instance a Convolution and a Softmax":
    "请让部署网络以类别 × 高 × 宽的得分结束，例如 Convolution 和 Softmax",
  'The dataset is for the task "{}", which this version does not have.': "数据集用于任务“{}”，此版本没有该任务。",
  'The network has no answer: its output "{}" is {}. The weights of this snapshot are those of a training that diverged':
    "网络没有给出结果：其输出“{}”为 {}。该快照的权重来自一次已发散的训练。",
  "The tasks are: {}": "可用的任务：{}",
  "Choose an earlier snapshot, or train again with a tenth of the learning rate":
    "选择较早的快照，或用十分之一的学习率重新训练",
};
