export const caffe: Record<string, string> = {
  "[{}] an HDF5Data layer transforms nothing, it has a transform_param":
    "[{}] HDF5Data 层不做变换，却有 transform_param",
  "the dataset has no mean image to subtract": "数据集没有可减去的均值图像",
  "[{}] its batch_size is too large": "[{}] batch_size 太大",
  "[{}] a data layer of type {}, the dataset needs {}": "[{}] 数据层类型为 {}，数据集需要 {}",
  "[{}] {} is set; it comes from the dataset": "[{}] 设置了 {}；它由数据集决定",
  "crop_size {} is larger than the images ({} x {})": "裁剪大小 {} 大于图像（{} × {}）",
  "[{}] an HDF5Data layer cannot crop, crop_size is {}": "[{}] HDF5Data 层不能裁剪，crop_size 为 {}",
  "[{}] an HDF5Data layer cannot subtract a mean pixel": "[{}] HDF5Data 层不能减去均值像素",
  "[{}] {} would make {} images of those of the dataset (channels: {})":
    "[{1}] {2} 会把数据集的图像变成 {3} 图像（通道数：{4}）",
  "{} must be at least 1; got {}": "{}必须至少为 1；得到 {}",
  "Epochs must be greater than 0; got {}": "训练轮数必须大于 0；得到 {}",
  "Leave transform_param out, or use an LMDB dataset": "去掉 transform_param，或使用 LMDB 数据集",
  'Choose the mean "none", or build the dataset with its mean': "将均值设为“不减”，或创建带均值图像的数据集",
  "Leave the layer out: Digits adds one for its dataset": "去掉该层：Digits 会为数据集添加一个",
  "Leave it out": "请去掉它",
  "[{}] becomes an HDF5Data layer, as the dataset is HDF5": "[{}] 数据集为 HDF5，因此改为 HDF5Data 层",
  "[{}] its own {} is replaced by the dataset's": "[{}] 其 {} 由数据集的值取代",
  "[{}] crop_size {} is larger than the images ({} x {}): {} is used": "[{}] crop_size {} 大于图像（{} × {}）：使用 {}",
  "[{}] its own mean is replaced by the dataset's": "[{}] 其均值由数据集的均值取代",
  "[{}] an HDF5Data layer subtracts no mean image": "[{}] HDF5Data 层不减去均值图像",
  "[{}] mirror is left out: images are mirrored in training only": "[{}] mirror 已省略：只在训练时镜像图像",
  "[{}] the data layer is of type {}; it must be Data or HDF5Data": "[{}] 数据层类型为 {}，应为 Data 或 HDF5Data",
  "[{}] a second data layer for {}, after [{}]; only one is allowed":
    "[{}] 是 {} 的第二个数据层，前面已有 [{}]；只能有一个",
  "[{}] a data layer for validation, but none for training": "[{}] 有验证数据层，但没有训练数据层",
  "the network to deploy has no Softmax layer": "部署网络没有 Softmax 层",
  "the number of classes must be at least 1; got {}": "类别数必须至少为 1；得到 {}",
  "[{}] gives data to train with, and no layer gives data to validate with": "[{}] 提供训练数据，但没有层提供验证数据",
  'Add one with include { stage: "deploy" }': '添加一个带 include { stage: "deploy" } 的层',
  'Add a data layer with include { stage: "val" }, or set the validation interval to 0':
    '添加带 include { stage: "val" } 的数据层，或将验证间隔设为 0',
  "[{}] left out: the top {} of {} classes say nothing": "[{}] 已省略：{2} 个类别中的前 {1} 名没有意义",
  '[{}] left out: a data layer needs include { stage: "train" } or include { stage: "val" }':
    '[{}] 已省略：数据层需要 include { stage: "train" } 或 include { stage: "val" }',
  "[{}] the data layer is of type {}; it must be Data": "[{}] 数据层类型为 {}，应为 Data",
  "[{}] a second layer of {} for {}, after [{}]; only one is allowed":
    "[{}] 是 {3} 的第二个 {2} 层，前面已有 [{4}]；只能有一个",
  "[{}] num_output is missing": "[{}] 缺少 num_output",
  "the network to deploy has no layer": "部署网络没有层",
  "the dataset is HDF5; this task needs LMDB": "数据集为 HDF5；此任务需要 LMDB",
  "Say how many outputs the layer has: the dataset does not tell": "请指定该层的输出数：数据集无法决定",
  'Leave the include rule of the layers out that are used after training, or add include { stage: "deploy" }':
    '去掉训练后仍使用的层的 include 规则，或添加 include { stage: "deploy" }',
  "Build the dataset with LMDB": "请用 LMDB 创建数据集",
  '[{}] left out: a data layer needs include { stage: "train" } or include { stage: "val" }, and a top named data or label':
    '[{}] 已省略：数据层需要 include { stage: "train" } 或 include { stage: "val" }，以及名为 data 或 label 的 top',
  "[{}] left out: the dataset has no database of labels": "[{}] 已省略：数据集没有标签数据库",
  "The dataset has no mean image: nothing is subtracted": "数据集没有均值图像：不减去任何值",
  "[{}] subtracts a mean of its own from images of 0 to 255: that of the dataset is not subtracted":
    "[{}] 自行从 0 到 255 的图像中减去均值：不再减去数据集的均值",
  "The weights are in HDF5; they must be a binary .caffemodel file": "权重为 HDF5 格式，应为二进制 .caffemodel",
  "The file is not a .caffemodel file, or it is damaged": "该文件不是 .caffemodel，或已损坏",
  "Upload them as a pretrained model, which makes a .caffemodel of them":
    "请作为预训练模型上传，这会将其转换为 .caffemodel",
  "Two layers of one network have no name{}, so that a snapshot cannot keep their weights":
    "同一网络中有两个层没有名称{}，因此快照无法保存其权重",
  "[{}] Two layers of one network have this name{}, so that a snapshot keeps the weights of only one of them":
    "[{}] 同一网络中有两个层使用此名称{}，因此快照只保存其中一个的权重",
  "The network to train has no loss, so that it learns nothing": "训练网络没有损失，因此学不到任何东西",
  "Give each layer a name of its own": "请为每个层取不同的名称",
  "Add a loss layer, for example SoftmaxWithLoss, or set loss_weight on an output":
    "添加损失层，例如 SoftmaxWithLoss，或为某个输出设置 loss_weight",
  "[{}] This name belongs to two layers of one network{}": "[{}] 同一网络中有两个层使用此名称{}",
  '[{}] No network has the stage "{}"{}. The stages are train, val and deploy':
    "[{}] 没有网络含有阶段“{}”{}。阶段为 train、val 和 deploy",
  "[{}] The layer is left out: its rules fit neither training, validation nor deploy":
    "[{}] 该层已省略：其规则不符合训练、验证或部署",
  "[{}] a layer may have include rules or exclude rules, not both":
    "[{}] 一层只能有 include 规则或 exclude 规则，不能同时有",
  "{} bytes of text, the limit is {}": "文本有 {} 字节，上限为 {}",
  "{} epochs of {} iterations are more than {}, the most a solver counts": "{} 轮、每轮 {} 次迭代超过求解器的上限 {}",
  "momentum is {}, but the solver {} has none": "动量为 {}，但求解器 {} 没有动量",
  '[{}] bottom {} "{}" is not the top of any layer before': "[{}] bottom {}“{}”不是之前任何层的 top",
  '[{}] reads the blob "{}", which no layer gives in {}': "[{}] 读取数据块“{}”，但在 {} 中没有层产生它",
  "Say with an include rule where the layer belongs": "用 include 规则说明该层属于哪个阶段",
  '[{}] no layer reads its output "{}" in {}: it is computed in vain. Let a layer read it, or keep the layer for the deployed network with include { stage: "deploy" }':
    '[{}] 在 {3} 中没有层读取其输出“{2}”：白白计算。请让某个层读取它，或用 include { stage: "deploy" } 只在部署网络中保留该层',
  'the network has both "layers" (old form) and "layer" entries': "网络同时含有“layers”（旧格式）和“layer”",
  "the number of input_shape entries ({}) must equal the number of inputs ({})":
    "input_shape 的个数（{}）必须等于输入个数（{}）",
  "the number of input_dim values ({}) must be four times the number of inputs ({})":
    "input_dim 值的个数（{}）必须是输入个数（{}）的四倍",
  "the solver has both solver_type (old form) and type": "求解器同时含有 solver_type（旧格式）和 type",
  "solver_type {} is not supported; use SGD, NESTEROV, ADAGRAD, RMSPROP, ADADELTA or ADAM":
    "不支持 solver_type {}，应为 SGD、NESTEROV、ADAGRAD、RMSPROP、ADADELTA、ADAM 之一",
  'Use only "layer"': "只使用“layer”",
  "Use only type": "只使用 type",
  '[{}] unknown layer type "{}" in the old form': "[{}] 旧格式中未知的层类型“{}”",
  '[{}] reads the padding layer "{}"; only a conv or pool with one bottom can':
    "[{}] 读取填充层“{}”；只有带一个 bottom 的 conv 或 pool 可以",
  "[{}] a padding layer has one bottom and one top, got {} and {}":
    "[{}] 填充层有一个 bottom 和一个 top，得到 {} 和 {}",
  "{} is not a regular file": "{} 不是普通文件",
  "{} bytes, a binary {} has at most {}": "{} 字节，二进制 {} 最多 {}",
  "the file is empty; it must have a {}": "应为 {}，但文件为空",
  "damaged, or no {}: {}": "已损坏，或不是 {}：{}",
  "{} bytes, a binary file holds at most {}": "{} 字节，二进制文件最多 {}",
  "{} cannot be written: a required member is missing": "无法写入 {}：缺少必需的成员",
  "a blob's raw_data has {} bytes; their number must be a multiple of {}":
    "数据块的 raw_data 有 {} 字节，应为 {} 的倍数",
  "a blob's raw_data must be of type FLOAT, FLOAT16 or DOUBLE; got {}":
    "数据块的 raw_data 类型为 {}，应为 FLOAT、FLOAT16 或 DOUBLE",
  "a blob of shape [{}] has {} values": "形状为 [{}] 的数据块有 {} 个值",
  "Copy or download the file again": "请重新复制或下载该文件",
  "Write HDF5 instead (snapshot_format: HDF5)": "改用 HDF5（snapshot_format: HDF5）",
  "damaged, or not written by Caffe: {}: {}": "已损坏，或不是由 Caffe 写出：{}：{}",
  "too many objects": "对象太多",
  "cannot be listed": "无法列出",
  "cannot be opened": "无法打开",
  "expected numbers": "应为数字",
  "has no shape": "没有形状",
  "its values are in another file": "其值在另一个文件中",
  "{} values, but hardly any bytes": "{} 个值，却几乎没有字节",
  "its values cannot be read": "无法读取其值",
  "{}: more than {} values in the file": "{}：文件中的值超过 {} 个",
  "cannot write {} of the HDF5 file": "无法写入 HDF5 文件的 {}",
  'the layer name "{}" cannot be stored in HDF5': "层名“{}”不能存储在 HDF5 中",
  "Rename the layer, or write a binary snapshot": "重命名该层，或写二进制快照",
  "the file has no group of layers": "应有层的组，但没有",
  "the file has no such group": "应有一个组，但没有",
  "too many groups inside each other": "组的嵌套层数太多",
  "the file has no such number": "应有一个数，但没有",
  "expected one whole number": "应为一个整数",
  "cannot be read": "无法读取",
  'The weights of the layer "{}" are {}: they are those of a training that diverged':
    "层“{}”的权重为 {}：它们来自一次已发散的训练",
};
