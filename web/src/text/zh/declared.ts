/** Fields that only the server declares, by the keys it names: their English comes from there. */
export const declared: Record<string, string> = {
  "field.compression": "数据库压缩",
  "field.compression.help": "仅用于 HDF5 文件：gzip 占用空间更小，不压缩更快",
};
