export const python: Record<string, string> = {
  "VIRTUAL_ENV names {}, where there is no bin/python3": "VIRTUAL_ENV 指向 {}，其中没有 bin/python3",
  "the Python side of Digits does not start: {}": "Digits 的 Python 部分无法启动：{}",
  "Install python3 with its standard library": "请安装 python3 及其标准库",
  "Install it (Debian: python3-numpy), or set VIRTUAL_ENV to an environment that has it":
    "请安装它（Debian：python3-numpy），或将 VIRTUAL_ENV 设为含有它的环境",
};
