export const engine: Record<string, string> = {
  "a Deconvolution has no pad_same; give pad": "Deconvolution 没有 pad_same；请给出 pad",
  "num_output must be positive; got {}": "num_output 须为正；得到 {}",
  "group must be positive; got {}": "group 须为正；得到 {}",
  "the bottom's {} channels cannot be cut into {} groups": "bottom 的 {} 个通道不能分成 {} 组",
  "num_output {} cannot be cut into {} groups": "num_output {} 不能分成 {} 组",
  "the bottom must keep {} channels on axis {} and {} spatial axes; its shape is {}":
    "bottom 在轴 {2} 上须保持 {1} 个通道和 {3} 个空间轴；其形状为 {4}",
  "all bottoms need one shape; bottom 0 is {}, bottom {} is {}":
    "所有 bottom 的形状须相同；bottom 0 为 {}，bottom {} 为 {}",
  "expected a coverage of N x {} x rows x columns and boxes of N x 4 x rows x columns; got {} and {}":
    "应为 N × {} × 行 × 列的覆盖图和 N × 4 × 行 × 列的框；得到 {} 和 {}",
  "images of {} x {} with stride {} need a grid of {} x {}; the coverage is {}":
    "{} × {}、步长 {} 的图像需要 {} × {} 的网格；覆盖图为 {}",
  "{} classes need as many tops; got {}": "{} 个类别需要同样多的 top；得到 {}",
  "param_str needs a positive image size, stride, number of classes and of boxes; got {} x {}, {}, {}, {}":
    "param_str 需要正的图像大小、步长、类别数和框数；得到 {} × {}、{}、{}、{}",
  "images of {} x {} have no cell of {} pixels": "{} × {} 的图像没有 {} 像素的单元",
  "the labels of an image need a header [number of boxes, {}, …] and that many rows of {} numbers; got a header [{}, {}] before {} rows":
    "图像的标签需要文件头 [框数, {}, …] 和相应数量的每行 {} 个数字；得到文件头 [{}, {}]，其后有 {} 行",
  "detectnet_groundtruth_param needs a positive stride and image size; got {}, {} x {}":
    "detectnet_groundtruth_param 需要正的步长和图像大小；得到 {}、{} × {}",
  "an image of {} x {} has no cell of {} pixels (stride)": "{} × {} 的图像没有 {} 像素（步长）的单元",
  "ScoreDetections takes 2 bottoms (ground truth and detections) and 1 top; got {} and {}":
    "ScoreDetections 有 2 个 bottom（真值和检测结果）和 1 个 top；得到 {} 和 {}",
  "both lists need shape N x boxes x {}; got {} and {}": "两个列表的形状须为 N × 框数 × {}；得到 {} 和 {}",
  "mAP takes 1 bottom (scored boxes) and 3 tops (mAP, precision, recall); got {} and {}":
    "mAP 有 1 个 bottom（带分数的框）和 3 个 top（mAP、精确率、召回率）；得到 {} 和 {}",
  "the list needs shape N x boxes x {}; got {}": "列表的形状须为 N × 框数 × {}；得到 {}",
  "The mAP of the validation is 0, because its images have no objects that count.":
    "验证的 mAP 为 0，因为其图像中没有计入的目标。",
  "The mAP of the validation is 0: nothing is detected in images with {} objects. In no place enough neighbouring cells reach the coverage that ClusterDetections asks for (param_str). Train longer, or with a higher learning rate.":
    "验证的 mAP 为 0：在含 {} 个目标的图像中没有检测到任何目标。没有任何位置有足够多的相邻单元达到 ClusterDetections 要求的覆盖度（param_str）。请延长训练，或提高学习率。",
  "The mAP of the validation is 0: none of {} detections overlaps one of the {} objects enough. Train longer.":
    "验证的 mAP 为 0：{} 个检测结果中没有一个与 {} 个目标之一充分重叠。请延长训练。",
  'param_str needs {} to {} numbers ({}); got "{}"': "param_str 需要 {} 到 {} 个数字（{}）；得到“{}”",
  'a device is cpu or cuda:N, got "{}"': "设备应为 cpu 或 cuda:N，得到“{}”",
  "{} is not to be had: this libtorch or this machine has no CUDA": "{} 不可用：此 libtorch 或此机器没有 CUDA",
  "{} is not to be had: there are {} CUDA devices": "{} 不可用：共有 {} 个 CUDA 设备",
  "Use cpu, or install the CUDA build of libtorch": "使用 cpu，或安装 libtorch 的 CUDA 版本",
  "Python layers need {}, which cannot be loaded: {}": "Python 层需要 {}，但无法加载：{}",
  "It belongs beside digits-worker, and needs Python's library (Debian: libpython3.11)":
    "它应与 digits-worker 在同一文件夹，并需要 Python 的库（Debian：libpython3.11）",
  "out of memory on the GPU: {}": "显存不足：{}",
  "out of memory: {}": "内存不足：{}",
  "needs {} of memory at once, more than there is": "一次需要 {} 内存，超过现有内存",
  "needs more memory than any machine has": "需要的内存超过任何机器的内存",
  "Look at num_output and kernel_size of the layer, or use smaller images or a smaller batch size (batch accumulation keeps the effective one)":
    "请检查该层的 num_output 和 kernel_size，或使用更小的图像或更小的批大小（批累积可保持有效批大小）",
  "{} of the filler must be a finite number; got {}": "填充器的 {} 为 {}，应为数字",
  "min of the uniform filler is {}, above its max of {}": "uniform 填充器的 min 为 {}，大于其 max {}",
  "std of the gaussian filler must be at least 0; got {}": "gaussian 填充器的 std 为 {}，应不小于 0",
  "sparse of the filler must be the number of nonzero weights per output; got {}":
    "填充器的 sparse 为 {}，应为每个输出的非零权重数",
  "[{}] the weights that are trained do not fit in {}: shapes {} there, {} in training":
    "[{}] 训练的权重不适用于 {}：那里的形状为 {}，训练中为 {}",
  "Give the layer the same settings and images of the same size in both: crop_size of their data layers must be the same":
    "请在两者中给该层相同的设置和相同大小的图像：其数据层的 crop_size 必须相同",
  "Nothing learns: no parameter has a learning rate above 0. Set lr_mult in the param of the layers that should learn to 1, or leave it out.":
    "没有任何参数在学习：没有参数的学习率大于 0。请将应学习的层的 param 中的 lr_mult 设为 1，或去掉它。",
  "Use a smaller batch size (batch accumulation keeps the effective one)": "使用更小的批大小（批累积可保持有效批大小）",
  "dropout_ratio must be at least 0 and below 1; got {}": "dropout_ratio 须至少为 0 且小于 1；得到 {}",
  "base must be positive, or -1 for e; got {}": "base 须为正，或 -1 表示 e；得到 {}",
  "base must be positive and not 1, or -1 for e; got {}": "base 须为正且不为 1，或 -1 表示 e；得到 {}",
  "the bottom needs at least 2 axes; got {}": "bottom 至少需要 2 个轴；得到 {}",
  "a Threshold layer has no gradient": "Threshold 层没有梯度",
  "the labels must be boxes of N x 1 x (most boxes + 1) x {}; got {}":
    "标签必须为 N × 1 ×（最多框数 + 1）x {} 的框；得到 {}",
  "stride needs one value for each of the {} pairs of bottoms; got {}":
    "stride 需要为 {} 对 bottom 各给一个值；得到 {} 个",
  "bottoms {} and {} must be scores of N x classes x rows x columns and distances of N x 4 x rows x columns; got {} and {}":
    "bottom {} 和 {} 必须为 N × 类别 × 行 × 列的得分和 N × 4 × 行 × 列的距离；得到 {} 和 {}",
  "stride must be positive; got {}": "stride 须为正；得到 {}",
  "the bottoms must be pairs of scores and distances; got {}": "应为成对的得分和距离；得到 {} 个 bottom",
  "keep_top_k and nms_top_k must be positive; got {} and {}": "keep_top_k 和 nms_top_k 必须为正数；得到 {} 和 {}",
  "score_threshold must be between 0 and 1; got {}": "score_threshold 必须在 0 和 1 之间；得到 {}",
  "nms_threshold must be above 0 and at most 1; got {}": "nms_threshold 必须大于 0 且不超过 1；得到 {}",
  "the bottoms must be pairs of scores and distances, and the labels; got {}":
    "应为成对的得分和距离以及标签；得到 {} 个 bottom",
  "top_k must be positive; got {}": "top_k 必须为正数；得到 {}",
  "weights and powers must not be negative; got {}": "权重和指数不能为负；得到 {}",
  "{} images need as many lists of boxes; got {}": "{} 张图像需要同样多的框列表；得到 {} 个",
  "label {} lies outside 0 to {}: the network has scores of {} classes (num_output of the layers that make them), the dataset needs {}":
    "标签 {} 不在 0 到 {} 之间：网络有 {} 个类别的得分（由产生得分的层的 num_output 决定），数据集需要 {} 个",
  "num_classes is missing": "缺少 num_classes",
  "nms_threshold must not be negative; got {}": "nms_threshold 不能为负；得到 {}",
  "eta must be above 0 and at most 1; got {}": "eta 必须大于 0 且不超过 1；得到 {}",
  "{} priors and {} classes need {} locations and {} scores an image; got {} and {}":
    "{} 个先验框和 {} 个类别要求每张图像有 {} 个位置值和 {} 个得分；得到 {} 和 {}",
  "num_classes must be at least 2; got {}": "num_classes 至少为 2；得到 {}",
  "multibox_loss_param: {} is not supported": "multibox_loss_param：不支持 {}",
  "a box of image {} in a batch of {}": "框属于图像 {}，而该批只有 {} 张",
  "the labels do not tell the size of the network's input: a Data layer writes it where data_param has target: BOXES":
    "标签未给出网络输入的大小：data_param 含 target: BOXES 的 Data 层会写入它",
  "a box of class {}: num_classes is {} with the background, so that the dataset may have {} classes":
    "框的类别为 {}：num_classes 含背景为 {}，因此数据集最多可有 {} 个类别",
  "Leave it out: the networks published with SSD do without": "请去掉它：随 SSD 发布的网络不使用它",
  "min_size is missing": "缺少 min_size",
  "max_size needs one value for each of the {} min_size; got {}": "max_size 需要与 {} 个 min_size 一一对应；得到 {} 个",
  "min_size must be at least 1; got {}": "min_size 至少为 1；得到 {}",
  "max_size must be larger than min_size; got {} and {}": "max_size 必须大于 min_size；得到 {} 和 {}",
  "variance needs one value or four; got {}": "variance 需要一个值或四个值；得到 {} 个",
  "variance must be positive; got {}": "variance 必须为正数；得到 {}",
  "aspect_ratio must be positive; got {}": "aspect_ratio 必须为正数；得到 {}",
  "both bottoms need 4 axes; got {} and {}": "两个 bottom 都需要 4 个轴；得到 {} 和 {}",
  "priors must be 1 x 2 x (boxes · 4); got {}": "先验框必须为 1 × 2 ×（框数 · 4）；得到 {}",
  "region {} is of image {} in a batch of {}": "区域 {} 属于图像 {}，而该批只有 {} 张",
  "expected features of N x channels x H x W and regions of R x 5; got {} and {}":
    "应为 N × 通道 × H × W 的特征和 R × 5 的区域；得到 {} 和 {}",
  "pooled_h and pooled_w must be positive; got {} and {}": "pooled_h 和 pooled_w 必须为正数；得到 {} 和 {}",
  "output_dim, group_size and spatial_scale must be positive; got {}, {} and {}":
    "output_dim、group_size 和 spatial_scale 必须为正数；得到 {}、{} 和 {}",
  "output_dim {} and group_size {} need {} channels; got {}":
    "output_dim {} 和 group_size {} 需要 {} 个通道；得到 {} 个",
  "the bottom must keep {} values an item; it has now {}": "bottom 每项须保持 {} 个值；现在有 {} 个",
  "top_k must be 1 to {}, the number of classes; got {}": "top_k 须在 1 到 {}（类别数）之间；得到 {}",
  "scores of shape {} need {} labels; got {}": "形状为 {} 的分数需要 {} 个标签；得到 {}",
  "an Accuracy layer has no gradient": "Accuracy 层没有梯度",
  "top_k must be 1 to {}, the number of values; got {}": "top_k 须在 1 到 {}（值数）之间；得到 {}",
  "both bottoms need shape N x C (x 1 x 1); got {} and {}": "两个 bottom 的形状须为 N × C（× 1 × 1）；得到 {} 和 {}",
  "{} pairs need as many labels; got {}": "{} 对需要同样多的标签；得到 {}",
  "scores need an axis of classes, as in N x C x H x W; got {}": "得分需要一个类别轴，如 N × C × H × W；得到 {}",
  "smooth must be positive; got {}": "smooth 必须为正数；得到 {}",
  "both bottoms need as many values an item; got {} and {}": "两个 bottom 每项的值数须相同；得到 {} 和 {}",
  "scores of shape {} need one label an item; got {}": "形状为 {} 的分数每项需要一个标签；得到 {}",
  "normalize is not for InfogainLoss; use normalization": "normalize 不用于 InfogainLoss；请使用 normalization",
  "the matrix is missing: give infogain_loss_param.source or a third bottom":
    "缺少矩阵：请给出 infogain_loss_param.source 或第三个 bottom",
  "{} classes need a matrix of {} values; got {}": "{} 个类别需要 {} 个值的矩阵；得到 {}",
  "label {} lies outside 0 to {}: the network has {} outputs (num_output of its last layer), the dataset needs {}":
    "标签 {} 超出 0 到 {}：网络有 {} 个输出（最后一层的 num_output），数据集需要 {} 个",
  "class_weight needs one value for each of the {} classes; got {}":
    "class_weight 需要为 {} 个类别各给一个值；得到 {} 个",
  "a class_weight must not be negative; got {}": "class_weight 不能为负；得到 {}",
  "{} items need as many labels; got {}": "{} 项需要同样多的标签；得到 {}",
  "scores and targets need the same count; got {} and {}": "分数与目标的元素数须相同；得到 {} 和 {}",
  "all bottoms need the same count; bottom 0 is {}, bottom {} is {}":
    "所有 bottom 的元素数须相同；bottom 0 为 {}，bottom {} 为 {}",
  "label_smoothing must be at least 0 and below 1, and needs 2 classes; got {} for {}":
    "label_smoothing 须至少为 0 且小于 1，并需要 2 个类别；得到 {}，类别数 {}",
  "mixed labels need one label per image and a third bottom of {} x 2; got {} labels and {}":
    "混合标签要求每张图像一个标签，且第三个输入为 {} × 2；实际为 {} 个标签和 {}",
  "expected bottoms of 1 x N x D, 1 x N x 4 D and 1 x N; got {}, {} and {}":
    "应为 1 × N × D、1 × N × 4 D 和 1 × N 的 bottom；得到 {}、{} 和 {}",
  "detections must be {} x K x 6 (of DetectionDecode), 1 x 1 x n x 7 (of DetectionOutput) or a blob of {} x K x 5 for each class (of ClusterDetections); got {}":
    "检测结果必须为 {} × K × 6（DetectionDecode）、1 × 1 × n × 7（DetectionOutput），或每个类别一个 {} × K × 5 的 blob（ClusterDetections）；得到 {}",
  "the bottoms must be one blob of detections and the boxes; got {}":
    "应为一个检测结果 blob 和标注框；得到 {} 个 bottom",
  "both bottoms must be images of N x channels x H x W of one shape; got {} and {}":
    "两个 bottom 必须是形状相同的 N × 通道 × H × W 图像；得到 {} 和 {}",
  "range must be positive; got {}": "range 必须为正数；得到 {}",
  "scores must be N x classes x H x W; got {}": "得分必须为 N × 类别 × H × W；得到 {}",
  "No pixel of the validation masks counts: all have the value that is ignored.":
    "验证掩码中没有计入的像素：全部为忽略值。",
  "All pixels of the validation are predicted as {}, although the masks have {} classes: the network has learned nothing yet but the most frequent one. Train longer, or choose another learning rate.":
    "验证的所有像素都被预测为 {}，而掩码有 {} 个类别：网络目前只学会了最常见的类别。请延长训练，或选择其他学习率。",
  "expected a of N x C, x and z of one shape N x C x …; got {}, {} and {}":
    "应为 N × C 的 a，以及形状同为 N × C × … 的 x 和 z；得到 {}、{} 和 {}",
  "the statistics cannot be learned: param {} needs lr_mult 0, got {}":
    "统计量不能学习：参数 {} 的 lr_mult 须为 0，得到 {}",
  "the bottom must keep {} channels; it has now {}": "bottom 须保持 {} 个通道；现在有 {} 个",
  "the bottom must be N x channels x H x W; got {}": "bottom 必须为 N × 通道 × H × W；得到 {}",
  "the bottom must be N x {} x H x W; got {}": "bottom 必须为 N × {} × H × W；得到 {}",
  "num_axes must be -1 (all that follow) or more; got {}": "num_axes 须为 -1（之后的全部）或更大；得到 {}",
  "axis {} plus num_axes {} goes past the bottom's {} axes": "轴 {} 加 num_axes {} 超出 bottom 的 {} 个轴",
  "bottom 1 of shape {} does not fit bottom 0 of shape {} from axis {} on":
    "形状为 {} 的 bottom 1 与形状为 {} 的 bottom 0 从轴 {} 起不符",
  "give no coeff or one for each of the {} bottoms; got {}": "不给 coeff，或为 {} 个 bottom 各给一个；得到 {}",
  "coeff is for SUM only": "coeff 仅用于 SUM",
  "local_size must be odd; got {}": "local_size 须为奇数；得到 {}",
  "the bottom needs 4 axes (batch, channels, height, width); got {}": "bottom 需要 4 个轴（批、通道、高、宽）；得到 {}",
  "the bottom may have at most 4 axes; got {}": "bottom 最多 4 个轴；得到 {}",
  "MVN's top has 4 axes, so only a bottom with 4 can be worked on in place; it has {}":
    "MVN 的 top 有 4 个轴，因此只有 4 个轴的 bottom 可以原位运算；它有 {} 个",
  "a second top (the mask) is for MAX pooling only": "第二个 top（掩码）仅用于 MAX 池化",
  "a kernel of {} does not fit an input of {} with padding {}": "大小为 {} 的核不适合大小为 {}、填充为 {} 的输入",
  "give kernel_size or kernel_h and kernel_w, not both": "kernel_size 与 kernel_h、kernel_w 只能给一种",
  "give pad or pad_h and pad_w, not both": "pad 与 pad_h、pad_w 只能给一种",
  "give stride or stride_h and stride_w, not both": "stride 与 stride_h、stride_w 只能给一种",
  "global_pooling takes the whole input; no kernel may be given": "global_pooling 使用整个输入；不能给出核",
  "global_pooling needs pad 0 and stride 1": "global_pooling 需要 pad 0 和 stride 1",
  "give kernel_size, or both kernel_h and kernel_w": "请给出 kernel_size，或 kernel_h 和 kernel_w",
  "kernel_size must be positive; got {}": "kernel_size 须为正；得到 {}",
  "pad ({}) must be smaller than the kernel ({})": "pad（{}）须小于核（{}）",
  "padding is for MAX and AVE pooling only": "填充仅用于 MAX 和 AVE 池化",
  "the bottoms are x, cont, an optional static input{}; got {}": "bottom 为 x、cont 和可选的静态输入{}；得到 {}",
  "{} tops are needed; got {}": "需要 {} 个 top；得到 {}",
  "x needs at least 2 axes (time, batch); got {}": "x 至少需要 2 个轴（时间、批）；得到 {}",
  "the number of time steps must stay {}; it is now {}": "时间步数须保持 {}；现在为 {}",
  "x must keep {} values a step; it has now {}": "x 每步须保持 {} 个值；现在有 {} 个",
  "cont needs shape {} x {}; got {}": "cont 的形状须为 {} × {}；得到 {}",
  "the static input needs {} items; got {}": "静态输入需要 {} 项；得到 {}",
  "a first state needs shape 1 x {} x {}; got {}": "初始状态的形状须为 1 × {} × {}；得到 {}",
  "the index must have one axis; got {}": "索引须有一个轴；得到 {}",
  "the bottom needs at least one axis": "bottom 至少需要一个轴",
  "index {} lies outside 0 to {}": "索引 {} 超出 0 到 {}",
  "give axis or the old concat_dim, not both": "axis 与旧的 concat_dim 只能给一个",
  "all bottoms must agree in every axis but {}; bottom 0 is {}, bottom {} is {}":
    "所有 bottom 除轴 {} 外须一致；bottom 0 为 {}，bottom {} 为 {}",
  "bottom 1 needs at least the {} axes of bottom 0; got {}": "bottom 1 至少需要 bottom 0 的 {} 个轴；得到 {}",
  "give no offset, one, or one for each of the {} cropped axes; got {}":
    "不给 offset、给一个，或为 {} 个裁剪的轴各给一个；得到 {}",
  "axis {}: offset {} plus size {} goes past the bottom's {}": "轴 {}：偏移 {} 加大小 {} 超出 bottom 的 {}",
  "num_output and input_dim must be positive": "num_output 和 input_dim 须为正",
  "input {} lies outside 0 to {} (input_dim)": "输入 {} 超出 0 到 {}（input_dim）",
  "{} bottoms (data and a selector) need {} tops; got {}": "{} 个 bottom（数据和选择器）需要 {} 个 top；得到 {}",
  "the selector must have one value an item; its shape is {}": "选择器每项须有一个值；其形状为 {}",
  "every bottom needs {} items, as the selector has": "每个 bottom 须有 {} 项，与选择器相同",
  "end_axis ({}) must not come before axis ({})": "end_axis（{}）不能在 axis（{}）之前",
  "an Im2col has no pad_same; give pad": "Im2col 没有 pad_same；请给出 pad",
  "the bottom needs spatial axes behind its channel axis": "bottom 在通道轴之后需要空间轴",
  "the bottom must keep {} spatial axes behind axis {}; its shape is {}":
    "bottom 在轴 {2} 之后须保持 {1} 个空间轴；其形状为 {3}",
  "pad_beg and pad_end may only cut: at most 0; got {} and {}": "pad_beg 和 pad_end 只能裁剪：最大为 0；得到 {} 和 {}",
  "shrink_factor and zoom_factor must be positive; got {} and {}":
    "shrink_factor 和 zoom_factor 必须为正数；得到 {} 和 {}",
  "pad_beg and pad_end leave nothing of {}": "pad_beg 和 pad_end 把 {} 全部裁掉了",
  "order names axis {}; the bottom has {} axes": "order 指定轴 {}；bottom 有 {} 个轴",
  "order names axis {} twice": "order 两次指定轴 {}",
  "axis {} lies outside a bottom with {} axes": "轴 {} 超出有 {} 个轴的 bottom",
  "dim {} is 0 (copy), but the bottom has no axis {}": "维度 {} 为 0（复制），但 bottom 没有轴 {}",
  "only one dim may be -1": "只能有一个维度为 -1",
  "a dim must be -1 (inferred), 0 (copied) or positive; got {}": "维度必须为 -1（推断）、0（复制）或正数；得到 {}",
  "{} values cannot be spread over {}": "{} 个值不能分布到 {}",
  "the bottom has shape {}, which does not fit {}": "bottom 的形状为 {}，与 {} 不符",
  "{} cannot work in place": "{} 不能原位运算",
  "give axis or the old slice_dim, not both": "axis 与旧的 slice_dim 只能给一个",
  "{} tops need {} slice points; got {}": "{} 个 top 需要 {} 个切分点；得到 {}",
  "slice points must grow; {} follows {}": "切分点须递增；{2} 之后是 {1}",
  "slice point {} lies outside axis {} of size {}": "切分点 {} 超出大小为 {3} 的轴 {2}",
  "axis {} of size {} cannot be cut into {} equal parts; give slice points":
    "大小为 {2} 的轴 {1} 不能分成 {3} 等份；请给出切分点",
  "Split cannot work in place": "Split 不能原位运算",
  "pyramid_height must be 1 to 30; got {}": "pyramid_height 须在 1 到 30 之间；得到 {}",
  "tiles must be positive; got {}": "tiles 须为正；得到 {}",
  "values and mask must be N x channels x H x W of one shape; got {} and {}":
    "数值和掩码必须是形状相同的 N × 通道 × H × W；得到 {} 和 {}",
  "the mask names place {} of {} x {}: it is not that of a pooling of planes of this size":
    "掩码给出 {2} × {3} 中的位置 {1}：它不是对该大小平面做池化得到的掩码",
  "scale and upsample sizes must be positive; they give {} x {}": "scale 和上采样大小必须为正数；现在得到 {} × {}",
  "unpool: TILE is not supported": "不支持 unpool: TILE",
  "MAX unpooling needs a second bottom, the mask of a pooling; got {} bottom":
    "MAX 反池化需要第二个 bottom，即池化的掩码；得到 {} 个 bottom",
  "kernel_size and stride must be positive; got {}": "kernel_size 和 stride 必须为正数；得到 {}",
  "the settings give planes of {} rows or columns": "这些设置得到 {} 行或列的平面",
  "Use an Upsample layer with one bottom, which repeats each value":
    "请使用只有一个 bottom 的 Upsample 层，它会重复每个值",
  "data_param.source is missing: the path of a database": "缺少 data_param.source：数据库的路径",
  "data_param.batch_size must be positive": "data_param.batch_size 须为正",
  "boxes need data_param.follows_source, the path of the database of their images":
    "框需要 data_param.follows_source，即其图像数据库的路径",
  "the mean image needs 3 channels; it has {}": "均值图像需要 3 个通道；它有 {} 个",
  "give one mean_value or 3; got {}": "给一个或 3 个 mean_value；得到 {}",
  "the images need shape N x 3 x height x width; got {}": "图像的形状须为 N × 3 × 高 × 宽；得到 {}",
  "{} images need labels of shape {} x 1 x rows x {}; got {}": "{} 张图像需要形状为 {} × 1 × 行 × {} 的标签；得到 {}",
  "give no data_filler, one, or one for each of the {} tops; got {}":
    "不给 data_filler、给一个，或为 {} 个 top 各给一个；得到 {}",
  "give shape, or num, channels, height and width, not both": "shape 与 num、channels、height 和 width 只能给一种",
  "give one {} or one for each of the {} tops; got {}": "给一个 {}，或为 {} 个 top 各给一个；得到 {}",
  "hdf5_data_param.source is missing: a file with the paths of HDF5 files":
    "缺少 hdf5_data_param.source：含 HDF5 文件路径的文件",
  "hdf5_data_param.batch_size must be positive": "hdf5_data_param.batch_size 须为正",
  "an HDF5Data layer transforms nothing; leave transform_param out": "HDF5Data 层不做变换；不应有 transform_param",
  "hdf5_output_param.file_name is missing": "缺少 hdf5_output_param.file_name",
  "both bottoms need as many items; got {} and {}": "两个 bottom 的项数须相同；得到 {} 和 {}",
  "{} is written already: one forward pass fills one file": "{} 已写入：一次前向传播填充一个文件",
  "image_data_param.source is missing: a text file of paths and labels":
    "缺少 image_data_param.source：路径和标签的文本文件",
  "give no shape, one shape, or one for each of the {} tops; got {}":
    "不给 shape、给一个，或为 {} 个 top 各给一个；得到 {}",
  "a shape's dims must not be negative; got {}": "形状的维度不能为负；得到 {}",
  "batch_size, channels, height and width must be positive; got {}":
    "batch_size、channels、height 和 width 须为正；得到 {}",
  "the number of items must be a multiple of batch_size {}; got {}": "项数须为 batch_size {} 的倍数；得到 {}",
  "{} items need {} values; got {}": "{} 项需要 {} 个值；得到 {}",
  "there is no data yet: MemoryData gets its arrays from a program, not from a file":
    "还没有数据：MemoryData 的数组来自程序，而不是文件",
  "alpha must be above 0 and at most 1; got {}": "alpha 必须大于 0 且不超过 1；实际为 {}",
  "{} images need as many labels; got {}": "{} 张图像需要同样多的标签；实际为 {}",
  "only tops can be reshaped; this {} has the shape {}": "只能改变 top 的形状；此 {} 的形状为 {}",
  "python_param needs {}: module (a file's name) and layer (a class)":
    "python_param 需要 {}：module（文件名）和 layer（类）",
  "add_blob is for setup: the network is built": "add_blob 用于 setup：网络已建立",
  "window_data_param.source is missing: a text file of windows": "缺少 window_data_param.source：窗口的文本文件",
  "{}_h and {}_w are for 2 spatial axes; the bottom has {}": "{}_h 和 {}_w 用于 2 个空间轴；bottom 有 {} 个",
  "give {} or {}_h and {}_w, not both": "{} 与 {}_h、{}_w 只能给一种",
  "give {} once, or once for each of the {} spatial axes; got {}": "{} 给一次，或为 {} 个空间轴各给一次；得到 {}",
  "{} must be positive; got {}": "{} 须为正；得到 {}",
  "give pad or pad_same, not both": "只能给出 pad 或 pad_same 之一",
  "padding {} leaves nothing of an input of {}": "填充 {} 使大小为 {} 的输入没有剩余",
  '"{}" has scores of {} classes, the dataset has {} classes': "“{}”有 {} 个类别的分数，数据集有 {} 个类别",
  "Set num_output of the layer that makes the scores to {}, or leave it out: it then is the number of classes":
    "将产生分数的层的 num_output 设为 {}，或去掉它：此时等于类别数",
  'unknown filler "{}"; use constant, uniform, gaussian, positive_unitball, xavier, msra or bilinear':
    "未知的填充器“{}”；应为 constant、uniform、gaussian、positive_unitball、xavier、msra 或 bilinear",
  'sparse is for gaussian fillers only; the type is "{}"': "sparse 仅用于 gaussian 填充器；类型为“{}”",
  "a sparse filler needs a parameter with at least one axis": "sparse 填充器需要至少一个轴的参数",
  "a bilinear filler needs a square kernel with 4 axes; got {}": "bilinear 填充器需要 4 个轴的方形核；得到 {}",
  "a {} layer has no gradient, but a gradient through it was asked for": "{} 层没有梯度，但需要通过它的梯度",
  "blob {} of the definition has {} values, the layer needs {}": "定义中的数据块 {} 有 {} 个值，该层需要 {}",
  "{} must be {} to {} for a bottom with {} axes; got {}": "有 {4} 个轴的 bottom 的 {1} 须在 {2} 到 {3} 之间；得到 {5}",
  'unknown layer type "{}"': "未知的层类型“{}”",
  "expected {} {}{}, got {}": "应为 {} 个 {}{}，得到 {}",
  "expected at least {} {}{}, got {}": "应至少有 {} 个 {}{}，得到 {}",
  "expected {} to {} {}s, got {}": "应为 {} 到 {} 个 {}，得到 {}",
  "the layer must have as many tops as bottoms; got {} and {}": "top 与 bottom 的数量须相同；得到 {} 和 {}",
  'bottom {} "{}" is not made by any layer before (or is read already by an in-place layer)':
    "bottom {}“{}”不是由之前的层产生（或已被原位层读取）",
  "propagate_down needs one value for each of the {} bottoms; got {}":
    "propagate_down 须为 {} 个 bottom 各给一个值；得到 {}",
  'a layer of type {} cannot work in place: give its top another name than its bottom "{}"':
    "类型为 {} 的层不能原位运算：请让它的 top 与 bottom“{}”名称不同",
  'top "{}" is made by another layer already': "top“{}”已由另一层产生",
  "loss_weight needs one value for each of the {} tops; got {}": "loss_weight 须为 {} 个 top 各给一个值；得到 {}",
  "a loss with {} tops needs loss_weight given for each, as in loss_weight: 1 loss_weight: 0":
    "有 {} 个 top 的损失需要为每个给出 loss_weight，例如 loss_weight: 1 loss_weight: 0",
  "{} param entries for {} parameters": "{2} 个参数有 {1} 个 param",
  'parameter "{}" has {} values here, {} in layer {}': "参数“{}”在此有 {} 个值，在层 {4} 中有 {3} 个",
  'parameter "{}" has shape {} here, {} in layer {} (share_mode: PERMISSIVE asks for equal counts only)':
    "参数“{}”在此的形状为 {}，在层 {3} 中为 {2}（share_mode: PERMISSIVE 只要求元素数相同）",
  'parameter "{}" has {} {} here, {} in layer {}': "参数“{}”在此的 {} 为 {}，在层 {5} 中为 {4}",
  "Layer types are written as in Caffe, with their capital letters": "层类型按 Caffe 的写法，区分大小写",
  "parameter {} has shape {} in the file, the network needs {}": "文件中参数 {} 的形状为 {}，网络需要 {}",
  "the file has {} parameters, the network {}": "文件有 {} 个参数，网络有 {} 个",
  "{} parameters here, {} in the other net": "此处有 {} 个参数，另一网络有 {} 个",
  "parameter {} has shape {} here, {} in the other net": "参数 {} 在此的形状为 {}，在另一网络中为 {}",
  "To learn this layer from scratch instead, give it another name": "若要从头训练此层，请给它另一个名称",
  "expected little-endian float32, got {}": "应为小端 float32，得到 {}",
  "[{}] num_output is {}; at most {} is allowed": "[{}] num_output 为 {}，应不超过 {}",
  "[{}] has {} outputs in the network and {} in the weights": "[{}] 在网络中有 {} 个输出，在权重中有 {} 个",
  "tf32 needs a GPU, and this machine has none": "tf32 是 GPU 的运算，而此处没有 GPU",
  "{} would be slower here: the {} makes products of matrices at {} times the speed of fp32":
    "{} 在此更慢：{} 的矩阵乘速度只有 fp32 的 {} 倍",
  "Train in fp32": "请用 fp32 训练",
  "Train in fp32. bf16 wants a processor with AVX512_BF16 or AMX, or a GPU since NVIDIA's Ampere; tf32 that GPU; fp16 a GPU since Volta":
    "请用 fp32 训练。bf16 需要带 AVX512_BF16 或 AMX 的处理器，或 NVIDIA Ampere 及以后的 GPU；tf32 需要同样的 GPU；fp16 需要 Volta 及以后的 GPU",
  '[{}] no layer reads its output "{}": the {} values of each batch are computed and not recorded. Let a layer read them, or keep the layer for the deployed network with include { stage: "deploy" }. (Outputs of up to {} values become curves, and up to {} accuracies of classes.)':
    '[{}] 没有层读取其输出“{}”：每批计算 {} 个值但不记录。请让某个层读取它们，或用 include { stage: "deploy" } 只在部署网络中保留该层。（不超过 {} 个值的输出和不超过 {} 个类别的准确率会成为曲线。）',
  "give exactly one of net, net_param, train_net and train_net_param; got {}":
    "net、net_param、train_net 和 train_net_param 只能给出一个；得到 {} 个",
  "test_iter needs one value for each of the {} test nets; got {}": "test_iter 需要为 {} 个测试网络各给一个值；得到 {}",
  "test_state needs one value for each of the {} test nets; got {}":
    "test_state 需要为 {} 个测试网络各给一个值；得到 {}",
  "{} of NVIDIA's Caffe is not supported": "不支持 NVIDIA Caffe 的 {}",
  "iter_size must be at least 1; got {}": "iter_size 必须至少为 1；得到 {}",
  "test nets need a positive test_interval; got {}": "测试网络需要正的 test_interval；得到 {}",
  "stopped during a test": "测试时被中止",
  "the solver state has {} history blobs, this solver needs {}": "求解器状态有 {} 个历史数据块，此求解器需要 {}",
  "history {} has {} values, the parameter {}": "历史 {} 有 {} 个值，参数有 {} 个",
  "Leave it out: the training then goes as without it": "去掉它：训练按没有它时进行",
  "The validation set of {} samples ends with a batch of {}, and the network takes batches of {} only: the last batch is filled up with the first {} samples, which then count twice. Choose a validation batch size that divides {}. ({})":
    "验证集的 {} 个样本以 {} 个的批结束，而网络只接受 {} 个的批：最后一批用前 {} 个样本补足，它们会计算两次。请选择能整除 {} 的验证批大小。（{}）",
  'unknown solver type "{}"; use SGD, Nesterov, AdaGrad, RMSProp, AdaDelta, Adam or AdamW':
    "未知的求解器类型“{}”；应为 SGD、Nesterov、AdaGrad、RMSProp、AdaDelta、Adam 或 AdamW",
  "{} cannot use momentum; got {}": "{} 不能使用动量；得到 {}",
  "rms_decay must be in [0, 1); got {}": "rms_decay 必须在 [0, 1) 内；得到 {}",
  'unknown regularization_type "{}"; use L1 or L2': "未知的 regularization_type“{}”；应为 L1 或 L2",
  'AdamW has no regularization_type "L1"; use L2': "AdamW 没有 regularization_type“L1”；应为 L2",
};
