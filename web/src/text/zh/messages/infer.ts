export const infer: Record<string, string> = {
  "Wait for the first, or ask the training for one now": "等待第一个快照，或要求训练立即保存一个",
  "an address in the network is not a file": "是网络地址；应为文件",
  "expected {} images in {} bytes, got the sizes of {}": "需要 {} 张图像（共 {} 字节），得到 {} 个大小",
  "Networks of this framework take image files only.": "此框架的网络只接受图像文件。",
  "The snapshot {} must be a file name in the model's folder, or an absolute path":
    "快照 {} 必须是模型文件夹中的文件名或绝对路径",
  "the model has no snapshot {}": "模型没有快照 {}",
  "the model has no snapshot yet": "模型还没有快照",
  "the network must have one input and at least one output; got {} and {}": "应为一个输入和一个输出，得到 {} 和 {}",
  "the input is {}, the dataset's images have {} channels": "输入为 {}，而数据集的图像有 {} 个通道",
  "the input is {}, the validation gives the network images of {} x {}": "输入为 {}，而验证给网络的图像为 {} × {}",
  "No output of the network has one row for each image.": "网络没有每张图像一行的输出。",
  "an image of {} x {} that is not resized": "一张 {} × {} 的图像未被缩放",
  "none of the {} images could be read; the first: {}: {}": "{} 张图像都无法读取；第一张：{}：{}",
  "expected an Input layer, got none": "应有 Input 层，但没有",
  "Models of the framework {} can be trained here and not be tested.": "框架 {} 的模型可以在此训练，但不能测试。",
  "Download the model and use it with the framework's own programs": "请下载模型，并用该框架自己的程序使用它",
  "The ONNX file computes other numbers than the network: they differ by {} of the largest value; at most {} is allowed":
    "ONNX 文件的计算结果与网络不同：相差最大值的 {}，最多应为 {}",
  "The ONNX file does not run in onnxruntime: {}": "ONNX 文件无法在 onnxruntime 中运行：{}",
  "Export the model as Caffe or safetensors, and report this network":
    "请将模型导出为 Caffe 或 safetensors，并报告此网络",
  "the record has {} channels; it must have {}": "记录有 {} 个通道，应为 {}",
  "{} names no image": "{} 没有指明图像",
  "the dataset has no images in the split {}": "数据集的划分 {} 中没有图像",
  "unknown source": "未知来源",
  "{} lines have a class number beyond the {} classes of the model; their class counts as not known":
    "{} 行的类别编号超出模型的 {} 个类别；其类别视为未知",
  "{} folders are named as no class of the model, so the class of their images counts as not known: {}{}":
    "{} 个文件夹的名称不是模型的类别，因此其图像的类别视为未知：{}{}",
  "Models of this framework take images of the dataset's size only.": "此框架的模型只接受数据集大小的图像。",
  "Networks of this framework cannot be exported.": "此框架的网络无法导出。",
  "Python took longer than {} s": "Python 用时超过 {} 秒",
  "cannot write the outputs": "无法写出结果",
  "the image cannot be read: {}": "无法读取图像：{}",
  "expected classify, got {}": "应为 classify，得到 {}",
  "its values must be numbers, and one is NaN or infinite": "其数值必须有效，但其中有 NaN 或无穷大",
};
