export const frameworks: Record<string, string> = {
  'There is no framework "{}" here.': "此处没有框架“{}”。",
  "Networks of {} cannot be adapted to a dataset.": "{} 的网络不能适配数据集。",
  "Choose one of these frameworks: {}": "请选择以下框架之一：{}",
};
