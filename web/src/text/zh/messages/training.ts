export const training: Record<string, string> = {
  "the loss became {} at iteration {} with a learning rate of {}: the training diverged":
    "损失变为 {}，在迭代 {}，学习率 {}：训练发散",
  "the loss exploded: {} at iteration {}, {} at the start; the learning rate is {}":
    "损失爆炸：{}，在迭代 {}，开始时为 {}；学习率为 {}",
  "the loss has been {} for {} iterations, the highest value that a softmax loss can have: the network's outputs overflowed (iteration {}, learning rate {})":
    "损失为 {}，已持续 {} 次迭代，这是 softmax 损失的最大值：网络的输出溢出（迭代 {}，学习率 {}）",
  'The validation has no metric "{}"': "验证没有指标“{}”",
  "Choose one of {}": "请选择以下之一：{}",
  'unknown lr_policy "{}"; use fixed, step, exp, inv, multistep, poly, sigmoid or cosine':
    "未知的 lr_policy“{}”；应为 fixed、step、exp、inv、multistep、poly、sigmoid 或 cosine",
  'lr_policy "step" needs a positive stepsize; got {}': "lr_policy“step”需要正的 stepsize；得到 {}",
  'lr_policy "{}" needs a positive max_iter; got {}': "lr_policy“{}”需要正的 max_iter；得到 {}",
  'lr_policy "sigmoid" needs a positive stepsize; got {}': "lr_policy“sigmoid”需要正的 stepsize；得到 {}",
  "rampup_interval must be 0 (none) or more iterations; got {}": "rampup_interval 为 {}；应为 0（无）或更多迭代",
  "the loss is {} at iteration {}, before the first step: the network's initial output is already not a number":
    "损失在第 {2} 次迭代时为 {1}，此时尚未更新权重：网络的初始输出就已不是有效数值",
};
