export const frameworks: Record<string, string> = {
  'There is no framework "{}" here.': "此处没有框架“{}”。",
  "Choose one of these frameworks: {}": "请选择以下框架之一：{}",
};
