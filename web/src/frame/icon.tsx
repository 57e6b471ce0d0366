/** The icons of the pages, drawn with one stroke on a grid of 16. */
const paths = {
  abort: "M4.5 4.5h7v7h-7z",
  archive: "M2.5 3h11v3h-11zM3.5 6v7h9V6M6.5 8.5h3",
  arrow_left: "M13 8H3.5M7 4 3 8l4 4",
  arrow_right: "M3 8h9.5M9 4l4 4-4 4",
  box: "M8 1.8 13.5 5v6L8 14.2 2.5 11V5zM2.5 5 8 8.2 13.5 5M8 8.2v6",
  check: "M3 8.5 6.5 12 13 4.5",
  chevron_down: "M4 6l4 4 4-4",
  chevron_right: "M6 4l4 4-4 4",
  clock: "M8 2.5a5.5 5.5 0 1 0 .01 0zM8 5v3.2l2.2 1.4",
  close: "M4 4l8 8m0-8-8 8",
  columns: "M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10",
  compare: "M2 12.5c3 0 3-6 6-6s3 3 6 3M2 9c3 0 3-5.5 6-5.5s3 1.5 6 1.5",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  dataset: "M2.5 3.5h11v9h-11zM2.5 10l3-3 2.5 2.5 2-2 3.5 3.5M10.5 6h.01",
  delete: "M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.6 9h5.8l.6-9",
  download: "M8 2.5v7.5M4.8 7 8 10.2 11.2 7M2.5 13.5h11",
  edit: "M3 13l.7-3L10.5 3.2l2.3 2.3L6 12.3z",
  error: "M8 2a6 6 0 1 0 .01 0zM5.8 5.8l4.4 4.4m0-4.4-4.4 4.4",
  evaluation: "M2.5 2.5h5v5h-5zM8.5 8.5h5v5h-5zM8.5 2.5h5v5M2.5 8.5v5h5",
  file: "M4 2h5.5L12.5 5v9H4zM9.5 2v3h3",
  filter: "M2.5 3.5h11L9.5 8.5V13l-3-1.5v-3z",
  folder: "M2 4h4.2l1.3 1.5H14v7.5H2z",
  info: "M8 2a6 6 0 1 0 .01 0zM8 7.2v3.6M8 5.2h.01",
  layers: "M8 2.5 14 6 8 9.5 2 6zM2.5 9 8 12.2 13.5 9",
  model:
    "M3.5 4.5a1.5 1.5 0 1 0 .01 0zM3.5 11.5a1.5 1.5 0 1 0 .01 0zM12.5 8a1.5 1.5 0 1 0 .01 0zM5 5.5l6 2.7M5 12l6-2.6",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  play: "M5 3.5v9l7.5-4.5z",
  plus: "M8 3v10M3 8h10",
  search: "M7 2.8a4.2 4.2 0 1 0 .01 0zM10.2 10.2 13.5 13.5",
  settings: "M2.5 5h5.2M11.3 5h2.2M2.5 11h2.2M8.3 11h5.2M9.5 3.4a1.6 1.6 0 1 0 .01 0zM6.5 9.4a1.6 1.6 0 1 0 .01 0z",
  snapshot: "M2.5 5h2.6l1-1.5h3.8l1 1.5h2.6v8h-11zM8 6.6a2.3 2.3 0 1 0 .01 0z",
  sort_down: "M8 3v10M4.5 9.5 8 13l3.5-3.5",
  sort_up: "M8 13V3M4.5 6.5 8 3l3.5 3.5",
  star: "M8 2.2l1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4L2.2 6.5l4-.6z",
  up: "M8 13V4M4.2 7.5 8 3.8l3.8 3.7",
  upload: "M8 10.5V3M4.8 6 8 2.8 11.2 6M2.5 13.5h11",
  user: "M8 3a2.5 2.5 0 1 0 .01 0zM3 13.5c.4-2.6 2.3-4 5-4s4.6 1.4 5 4",
  warning: "M8 2.5 14 13H2zM8 6.5v3M8 11.2h.01",
  wait: "M8 3a5 5 0 1 0 .01 0z",
} as const;

export type IconName = keyof typeof paths;

/** Decoration beside a word; what stands alone gets its name from its button. */
export function Icon({ name, className = "" }: { name: IconName; className?: string }) {
  return (
    <svg className={`icon ${className}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={paths[name]} fill={name === "play" || name === "abort" ? "currentColor" : undefined} />
    </svg>
  );
}
