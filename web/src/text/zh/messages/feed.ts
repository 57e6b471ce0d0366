export const feed: Record<string, string> = {
  "no such file": "没有此文件",
  "transform_param may have mean_file or mean_value, not both":
    "transform_param 同时有 mean_file 和 mean_value，只能有一个",
  "the database {} has no records": "数据库 {} 没有记录",
  "a mosaic takes images of one size": "马赛克只接受大小相同的图像",
  "a mask has {} channels of {} x {}, its image {} x {}": "掩码有 {} 个 {} × {} 的通道，其图像为 {} × {}",
  "a mosaic takes masks of one size": "马赛克只接受大小相同的掩码",
  "Set mosaic to 0, or make the dataset with images of one size": "请把 mosaic 设为 0，或用大小相同的图像创建数据集",
  "hue and saturation want images of 3 channels, these have {}": "色相和饱和度需要 3 个通道的图像，这些图像有 {} 个",
  "expected JSON": "应为 JSON",
  "the records have {} channels of {} x {}; boxes must have one channel of rows of {} numbers":
    "记录有 {} 个 {} × {} 的通道，应为框：一个通道，每行 {} 个数",
  "the database {} of the images has no records": "图像数据库 {} 没有记录",
  "the record has {} channels of {} x {} and {} numbers, but the first has 1 of {} x {}":
    "该记录有 {} 个 {} × {} 的通道和 {} 个数，而第一个记录有 1 个 {} × {} 的通道",
  "batch_size and prefetch must be at least 1 and threads at least 0; got {}, {} and {}":
    "batch_size {}、prefetch {} 和 threads {}，应至少为 1、1 和 0",
  "transform_param may have force_color or force_gray, not both":
    "transform_param 同时有 force_color 和 force_gray，只能有一个",
  "the records of {} have {} channels; masks must have one": "{} 的记录有 {} 个通道，应为掩码：一个通道",
  "the database {} ends early": "数据库 {} 提前结束",
  "a mosaic takes images of one size: the record {} has {} channels of {} x {}, this one {} of {} x {}":
    "马赛克只接受大小相同的图像：记录 {} 有 {} 个 {} × {} 的通道，而此记录有 {} 个 {} × {} 的通道",
  "the record has {} channels of {} x {}, but the first has {} of {} x {}":
    "此记录有 {} 个通道、{} × {}，而第一条有 {} 个通道、{} × {}",
  "the record holds numbers; only images can be augmented": "记录中是数字，应为可增强的图像",
  "a mask has {} class numbers; it must have {}": "掩码有 {} 个类别号，应为 {} 个",
  "Set batch_size: 1, or give all images one size": "设置 batch_size: 1，或让所有图像大小相同",
  "quarter turns want square images, these are {} x {}": "90° 旋转需要正方形图像，这些图像为 {} × {}",
  "Choose half turns, or make the dataset with square images": "选择 180° 旋转，或用正方形图像创建数据集",
  'dataset "{}" {}': "数据集“{}”{}",
  'there is no dataset "{}", which a top is named after': "没有名为“{}”的数据集，而 top 以它命名",
  "cannot be opened as HDF5": "不能作为 HDF5 打开",
  "the list names no file; give each line the path of an HDF5 file": "列表中没有文件，每行应为一个 HDF5 文件的路径",
  "the files have no rows": "文件没有行",
  'the rows of "{}" have another shape than those of the first file': "“{}”的行与第一个文件的形状不同",
  "the file has changed": "文件已改变",
  "batch_size must be positive; got {}": "batch_size 必须为正；得到 {}",
  "new_height and new_width must be given together; got {} and {}":
    "new_height 和 new_width 必须同时给出；得到 {} 和 {}",
  "the image is {} x {}, the first one of its batch {} x {}": "图像为 {} × {}，而批中第一张为 {} × {}",
  "Set new_height and new_width, or batch_size: 1": "设置 new_height 和 new_width，或 batch_size: 1",
  "transform_param: {} of NVIDIA's Caffe is not supported": "transform_param：不支持 NVIDIA Caffe 的 {}",
  "crop_size is {}, but the records are {} x {}": "crop_size 为 {}，但记录为 {} × {}",
  "the mean image has {} channels of {} x {}, but the records have {} of {} x {}":
    "均值图像有 {} 个通道、{} × {}，而记录有 {} 个通道、{} × {}",
  "the number of mean_value entries ({}) must be 1 or the number of channels ({})":
    "mean_value 的个数（{}）必须为 1 或等于通道数（{}）",
  "Leave it out, or vary the images by the model's augmentation": "去掉它，或用模型的数据增强",
  "crop_size and batch_size must be positive; got {} and {}": "crop_size 和 batch_size 必须为正；得到 {} 和 {}",
  'crop_mode must be warp or square; got "{}"': "crop_mode 为“{}”，应为 warp 或 square",
  "context_pad {} leaves nothing of crop_size {}": "context_pad {} 使 crop_size {} 没有剩余",
  'an image must have "# index", path, channels, height, width and count': "应为“# index”、路径、通道数、高、宽、数量",
  "the image has {} channels; it must have 1 or 3, as many as the first image":
    "图像有 {} 个通道，应为 1 或 3，且与第一张相同",
  "a window must have label, overlap, x1, y1, x2 and y2": "应为窗口：label overlap x1 y1 x2 y2",
  "the window {} {} {} {} is not inside its image of {} x {}": "窗口 {} {} {} {} 不在其 {} × {} 的图像内",
  "the label of a foreground window must be at least 1; got {}": "前景窗口的标签为 {}，应至少为 1",
  "{} foreground and {} background windows, but a batch has {} and {}":
    "有 {} 个前景窗口和 {} 个背景窗口，但一批需要 {} 和 {}",
  "the mean image has {} channels of {} x {}; it must have {} of at least {} x {}":
    "均值图像有 {} 个通道、{} × {}，应为 {} 个通道、至少 {} × {}",
  "the image is {} x {}, smaller than the list says": "图像为 {} × {}，小于列表所述",
};
