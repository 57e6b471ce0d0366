export const metrics: Record<string, string> = {
  "A sample has {} scores; it must have one for each of {} classes.": "有样本含 {} 个分数；应为 {} 个类别各一个。",
  "A sample has the class {}; it must be 0 to {}.": "有样本的类别为 {}；应为 0 到 {}。",
  "{} is detected as {}": "{} 被检测为 {}",
  "The images have no labelled objects, so there is no average precision.": "图像中没有标注的目标，因此没有平均精度。",
  "The network detected nothing in {} images with {} objects. Train longer, or lower the score threshold.":
    "网络在 {} 张图像的 {} 个目标中什么都没有检测到。请训练更久，或降低得分阈值。",
  "{} of {} detections are in the right place and none has the right class: {}. Check that the classes of the dataset are in the order that the network learned.":
    "{1} 个位置正确的检测（共 {2} 个）中没有一个类别正确：{3}。请检查数据集的类别顺序是否与网络学习时一致。",
  "No detection matches an object: {} of {} objects are smaller than the {} pixels that the network can detect. Use larger images, or a network with a smaller stride.":
    "没有检测与目标匹配：{2} 个目标中有 {1} 个小于网络能检测的 {3} 像素。请使用更大的图像，或步幅更小的网络。",
  "No detection overlaps an object of its class by half: the best of {} detections has an IoU of {}. Train longer, and check that the boxes are in pixels of the stored images.":
    "没有检测与同类目标重叠一半：{} 个检测中最好的 IoU 为 {}。请训练更久，并检查框是否以存储图像的像素为单位。",
  "None of {} detections overlaps an object of its class. Train longer, and check that the boxes are in pixels of the stored images.":
    "{} 个检测都不与同类目标重叠。请训练更久，并检查框是否以存储图像的像素为单位。",
  "A mask of {} x {} pixels is too large.": "{} × {} 像素的掩码过大。",
  "The run lengths of a mask sum up to {}; its size of {} x {} has {} pixels.":
    "掩码的游程之和为 {}；而其尺寸 {} × {} 有 {} 个像素。",
  "A polygon has {} coordinates; it must have an even number: x and y of each point.":
    "多边形有 {} 个坐标；应为偶数个：每个点的 x 和 y。",
  "A polygon has the coordinate {}, which is outside any image.": "多边形含坐标 {}，超出任何图像。",
  "The run lengths of a mask end within a number.": "掩码的游程编码在数字中间结束。",
  "The run lengths of a mask are damaged at character {}.": "掩码的游程编码在第 {} 个字符处损坏。",
  "The run lengths of a mask have the count {}.": "掩码的游程编码含有计数 {}。",
  "Check the size of the mask, and that the runs are counted column by column":
    "请检查掩码的尺寸，以及游程是否按列计数",
  "Expected COCO's compressed text or a list of counts": "应为 COCO 的压缩文本或计数列表",
};
