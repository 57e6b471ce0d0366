export const models: Record<string, string> = {
  "{} is missing": "缺少 {}",
  "{} is not the file that the store promised: its SHA-256 is {} instead of {}":
    "{} 与商店承诺的文件不同：其 SHA-256 为 {}，应为 {}",
  "Try again later, or tell the administrator of the store": "请稍后重试，或告知商店的管理者",
  "{} is there already": "{} 已存在",
  'The blob "{}" is called "{}"': "数据块“{}”改名为“{}”",
  'Removed: the layer "{}" gives images and labels': "已移除：层“{}”提供图像和标签",
  "Two Data layers that read images and boxes of the dataset, in place of {}":
    "改为读取数据集的图像和边界框的两个 Data 层，代替 {}",
  "Data layers for validation are added": "添加用于验证的 Data 层",
  "{} is removed: images and boxes are resized with the dataset": "移除 {}：图像和边界框随数据集一起缩放",
  "{} is removed: choose the model's augmentation in place of it": "移除 {}：请改用模型的数据增强",
  "{} {} becomes {}: the classes of the dataset and the background": "{} {} 改为 {}：数据集的类别加上背景",
  "A DetectionMetrics layer in place of DetectionEvaluate": "以 DetectionMetrics 层代替 DetectionEvaluate",
  "The network has no layers for boxes, such as those of SSD or of a detector":
    "该网络没有用于边界框的层，例如 SSD 或检测器的层",
  "Choose a network for object detection": "请选择用于目标检测的网络",
  "A {} layer that reads the dataset, in place of {}": "改为读取数据集的 {} 层，代替 {}",
  "{} is removed: it comes from the dataset": "已移除 {}：它由数据集提供",
  "transform_param is removed: HDF5 data are not transformed": "已移除 transform_param：HDF5 数据不做变换",
  "{} is removed: the dataset's mean is subtracted": "已移除 {}：改为减去数据集的均值",
  "Two layers, one for training and one for validation": "拆为两个层：一个用于训练，一个用于验证",
  "The layer gives labels, too": "此层也提供标签",
  "A data layer for validation is added": "已添加验证用的数据层",
  "A data layer for training is added": "已添加训练用的数据层",
  "num_output {} is removed: it becomes the number of classes, {}": "已移除 num_output {}：它将等于类别数 {}",
  "Added: a layer of type {}": "已添加：类型为 {} 的层",
  "The layer is in the deploy network only": "此层只属于部署网络",
  "The layer is not in the deploy network: it reads labels": "此层不属于部署网络：它读取标签",
  "cannot write the archive: {}": "无法写入归档：{}",
  "the archive needs {}, which is not there": "归档需要 {}，但它不存在",
  'The model has no snapshot "{}".': "模型没有快照“{}”。",
  "the framework of the model is {}; it must be {}": "该模型属于 {}，应为 {}",
  'there is no network: "model file" (or "network file") is missing': "没有网络：应有“model file”（或“network file”）",
  '"{}" is missing': "缺少“{}”",
  '"{}" must be a text': "“{}”必须是文本",
  '"{}" is "{}"; it must be the name of a file in the archive': "“{}”为“{}”，应为归档中文件的名称",
  "the archive has no info.json; it has {}": "归档没有 info.json；它包含 {}",
  "info.json is not a JSON object": "info.json 不是 JSON 对象",
  "Digits reads Caffe's networks (.prototxt) and weights (.caffemodel, or HDF5)":
    "Digits 读取 Caffe 的网络（.prototxt）和权重（.caffemodel 或 HDF5）",
  "Give an archive as Digits and DIGITS make it, or the files one by one":
    "请提供 Digits 或 DIGITS 生成的归档，或逐个提供文件",
  "{} is {}; Digits does not read it": "{} 是 {}；Digits 不读取它",
  "{} is a model in ONNX, which is read as a file by itself only": "{} 是 ONNX 模型，只能作为单独的文件读取",
  "Upload the .onnx file, without an archive and without a network":
    "请单独上传 .onnx 文件，不要放入归档，也不要附带网络",
  "The training with a batch size of {} needs about {} of memory; {} of {} are free":
    "批大小为 {} 的训练需要约 {} 内存；共 {4}，可用 {3}",
  "Not even a batch size of 1 fits: choose a smaller network, smaller images or a crop":
    "批大小为 1 也放不下：请选择更小的网络、更小的图像或裁剪",
  "Choose a batch size of at most {}, end other programs, or set start_anyway: the estimate may be too high":
    "选择不超过 {} 的批大小、结束其他程序，或设置 start_anyway：估算可能偏高",
  "[{}] {} % of the boxes are smaller than {} px, the smallest size that the network can match":
    "[{}] {} % 的边界框小于 {} 像素，即该网络能匹配的最小尺寸",
  "Recreate the dataset with larger images, or choose a network that matches smaller objects":
    "用更大的图像重新创建数据集，或选择能匹配更小物体的网络",
  "Choose a batch size of at most {}, or end other programs": "选择不超过 {} 的批大小，或结束其他程序",
  "The training with a validation batch size of {} needs about {} of memory; {} of {} are free. The training alone would fit":
    "验证批大小为 {} 的训练需要约 {} 内存；共 {4}，可用 {3}。训练本身放得下",
  "Choose a validation batch size of at most {}, end other programs, or set start_anyway: the estimate may be too high":
    "选择不超过 {} 的验证批大小、结束其他程序，或设置 start_anyway：估算可能偏高",
  "Choose a validation batch size of at most {}, or end other programs": "选择不超过 {} 的验证批大小，或结束其他程序",
  "[{}] its mean_file cannot be used: {}": "[{}] 其 mean_file 无法使用：{}",
  "[{}] its mean_file is for images of {} x {} (channels: {}), those of the dataset are {} x {} (channels: {})":
    "[{}] 其 mean_file 用于 {} × {} 的图像（通道数：{}），数据集的图像为 {} × {}（通道数：{}）",
  "Give the path of a mean image as Caffe's compute_image_mean writes it, or leave mean_file out and subtract the dataset's mean":
    "请给出 Caffe 的 compute_image_mean 所写的均值图像的路径，或去掉 mean_file 并减去数据集的均值",
  '{} "{}" would write into another folder than the training\'s': "{}“{}”会写入训练文件夹以外的文件夹",
  "Give a name without folders": "请给出不含文件夹的名称",
  "Label smoothing needs a layer SoftmaxWithLoss, the network has none": "标签平滑需要 SoftmaxWithLoss 层，而网络没有",
  "dataset_dir is missing: the folder of the dataset": "缺少 dataset_dir：数据集的文件夹",
  "expected a JSON object of format {}": "应为格式 {} 的 JSON 对象",
  "Set Label smoothing to 0": "将标签平滑设为 0",
  "[{}] its mean_file": "[{}] 其 mean_file",
  "{} needs the preprocessing custom": "{} 需要预处理 custom",
  "{} must be one number or three, got {}": "{} 必须为一个或三个数字，得到 {} 个",
  "{} has the number {}, which no images need": "{} 含有数字 {}，没有图像需要它",
  "{} must be 1 to {}, got {}": "{} 必须为 1 到 {}，得到 {}",
  "channels must be 1 (grayscale) or 3 (color), got {}": "channels 必须为 1（灰度）或 3（彩色），得到 {}",
  "{} was trained on a million photographs. With {} training images, a network that starts from its layers gives more accurate results than one from random weights.":
    "{} 已在一百万张照片上训练。只有 {} 张训练图像时，从它的各层开始的网络比从随机权重开始的网络更准确。",
  "{} was trained on a million photographs. With {} training images, fine-tuning it gives more accurate results than training from random weights.":
    "{} 已在一百万张照片上训练。只有 {} 张训练图像时，微调它比从随机权重开始训练更准确。",
  "In the first {} % of the training only the new last layer learns; then all layers learn at a tenth of the rate, so that the pretrained weights change little.":
    "训练的前 {} % 只学习新的最后一层；之后所有层以十分之一的学习率学习，预训练权重变化很小。",
  "Images are resized to {} x {}. In training, the network sees a random 224 x 224 crop of each.":
    "图像缩放为 {} × {}。训练时，网络看到每张图像中随机的 224 × 224 裁剪。",
  "The images are small ({} x {}). LeNet is made for small images and trains fast.":
    "图像很小（{} × {}）。LeNet 适合小图像，训练很快。",
  "ResNet-18 has good accuracy for its speed. Pretrained weights would give better results; scripts/pretrained adds them.":
    "ResNet-18 在其速度下准确率较高。预训练权重的效果更好；可用 scripts/pretrained 添加。",
  "Images are resized to {} x {}, close to the shape of the originals ({} x {}).":
    "图像缩放为 {} × {}，接近原图的形状（{} × {}）。",
  "The images are grayscale, so the dataset has one channel.": "图像为灰度图，因此数据集只有一个通道。",
  "{} is the default network for this task.": "{} 是此任务的默认网络。",
  "In {} epochs, the network sees about {} images.": "{} 轮训练中，网络约看到 {} 张图像。",
  "no file {} to take weights from": "没有可读取权重的文件 {}",
  "Layers can be frozen only with initial weights": "只有带初始权重的层才能冻结",
  "No layer has initial weights, which would learn at a rate of their own": "没有带初始权重的层，单独的学习率无处可用",
  'The network has no layer "{}" to freeze up to': "网络没有可冻结到的层“{}”",
  "Set Freeze at first to 0, or choose a pretrained model": "将“先冻结”设为 0，或选择一个预训练模型",
  "Leave Freeze up to layer empty, or choose initial weights": "请将“冻结到该层”留空，或选择初始权重",
  "Set Learning rate of initial weights to 1, or choose initial weights":
    "请将“初始权重的学习率”设为 1，或选择初始权重",
  "Choose a layer of the network": "请选择网络中的一个层",
  "All layers have initial weights: none is frozen, because then nothing would learn. Set Freeze at first to 0.":
    "所有层都有初始权重：不冻结任何层，否则没有层可以学习。请将“先冻结”设为 0。",
  '{} layers up to "{}" have no initial weights: they learn, because nothing is known that could be kept.':
    "到“{2}”为止有 {1} 个层没有初始权重：它们会学习，因为没有可保留的权重。",
  "Choose another version": "请选择其他版本",
  "more than {} members; a model has about ten": "成员超过 {} 个；一个模型约有十个",
  "the archive is empty": "归档为空",
  "the file is not an archive of tar (also .gz, .bz2, .xz) or zip: {}":
    "应为 tar（以及 .gz、.bz2、.xz）或 zip 归档；收到的不是：{}",
  "the archive is damaged: {}": "归档已损坏：{}",
  "a member whose name cannot be read": "有成员的名称无法读取",
  "the archive must have plain files without folders; got {}: {}": "应为不含文件夹的普通文件，得到 {}：{}",
  'the names must be without folders; got "{}"': "应为不含文件夹的名称，得到“{}”",
  'two members are named "{}"': "有两个成员名为“{}”",
  "{} is encrypted": "{} 已加密",
  "the archive's files are larger than {} bytes together": "归档中的文件合计超过 {} 字节",
  "more than {} times as large unpacked as packed ({} bytes); no model is":
    "解包后超过打包大小（{2} 字节）的 {1} 倍；没有模型如此",
  "Copy or download it again": "请重新复制或下载",
  "Pack the files themselves, as a model's archive has them": "请直接打包文件，如同模型的归档",
  "Initial weights need a path, or the id of a model or of a pretrained model":
    "初始权重需要路径，或模型、预训练模型的 id",
  "Initial weights come from one job: give only one of model and pretrained":
    "初始权重来自一个作业：model 和 pretrained 只能给出一个",
  "A snapshot needs the id of its model": "快照需要其模型的 id",
  "Mixup is for classification": "Mixup 用于分类",
  "Mixup needs one kind of labels; the network's losses have several": "Mixup 需要同一种标签；网络的损失有多种",
  "Mixup needs a layer SoftmaxWithLoss, the network has none": "Mixup 需要 SoftmaxWithLoss 层，网络中没有",
  "Class weights need a dataset whose samples have classes": "类别权重需要样本带有类别的数据集",
  "Class weights need a layer SoftmaxWithLoss, the network has none": "类别权重需要 SoftmaxWithLoss 层，网络中没有",
  "Name in the repository must be {}": "仓库中的名称必须为 {}",
  "Publish to one place: a model repository, or an inference server": "请只发布到一处：模型仓库或推理服务器",
  "Name a model repository, or an inference server": "请给出模型仓库或推理服务器",
  "The inference server {} refuses the model: it answered with HTTP status {}{}":
    "推理服务器 {} 拒绝该模型：它以 HTTP 状态 {}{} 应答",
  "Check the address: it must take archives of models by POST ADDRESS/models":
    "请检查地址：它必须通过 POST 地址/models 接收模型压缩包",
  "The inference server {} did not say where the model is; it must answer JSON with a location":
    "推理服务器 {} 未告知模型的位置：应为含有 location 的 JSON",
  "Only ONNX files can hold non-maximum suppression; safetensors holds weights":
    "只有 ONNX 文件可以包含非极大值抑制；safetensors 只保存权重",
};
