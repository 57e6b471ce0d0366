import type { system as english } from "../en/system";

export const system: Record<keyof typeof english, string> = {
  "system.version": "版本",
  "system.address": "地址",
  "system.data_dir": "数据文件夹",
  "system.disk": "磁盘空间",
  "system.jobs": "任务数",
  "system.room": "并行训练",
  "system.room.value": "{n} 个，已用 {taken} 个",
  "system.body": "最大请求大小",
  "system.licence":
    "Digits 是自由软件，采用 Apache License 2.0。它使用 libtorch（BSD）、Boost、SQLite（公有领域）、LMDB（OpenLDAP）、HDF5、protobuf、libjpeg-turbo、libpng、libarchive（BSD）、React、Mantine、TanStack、CodeMirror、React Flow（MIT）和 ECharts（Apache）。",
  "system.uptime": "运行时间",
  "system.process": "进程 ID",
  "system.cores": "{n} 核|{n} 核",
  "system.upload": "上传",
  "system.upload_limit": "每次最多 {size}、{n} 个文件",
  "system.url_fetch": "图像网址",
  "system.url_fetch.yes": "可以分类",
  "system.url_fetch.no": "已禁用（digits serve --allow-url-fetch）",
  "system.trash": "回收站",
  "system.trash.empty": "清空回收站",
  "system.trash.help": "彻底删除最近十分钟内删除的任务，无法撤销。",
  "system.trash.emptied": "已从回收站删除 {n} 项。可用 {free}。",
  "system.doctor": "检查",

  "doctor.ok": "正常",
  "doctor.warning": "警告",
  "doctor.error": "错误",
};
