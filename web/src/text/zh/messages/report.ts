export const report: Record<string, string> = {
  "There is no memory for a PDF.": "内存不足，无法生成 PDF。",
  "The PDF cannot be made: libharu says {}": "无法生成 PDF：libharu 报告 {}",
  "The PDF cannot be read back: libharu says {}": "无法读回 PDF：libharu 报告 {}",
};
