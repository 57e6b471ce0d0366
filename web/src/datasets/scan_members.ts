/** What a dry run of boxes and masks says beyond classes and counts: no pages here, only data. */

export interface FoundKind {
  kind: string;
  count: number;
  items: Record<string, unknown>[];
}

export interface ScanFound {
  /** Null: the targets are not boxes. */
  boxes: number | null;
  usable_boxes: number | null;
  /** Shares of the boxes with a side below 8, 16 and 32 pixels; the smallest side first. */
  below: { side: number; share: number }[];
  /** What `warnings` say of those that `kinds` list. */
  sentences: string[];
  /** Whole sentences: why no dataset is made of it. */
  errors: string[];
  kinds: FoundKind[];
}

const most_items = 50;

export function findings_of(scan: object): ScanFound {
  const found = scan as {
    target?: string;
    boxes?: number;
    usable_boxes?: number;
    box_sizes?: { below?: Record<string, number> } | null;
    errors?: string[];
    problems?: Record<string, { count?: number; sentence?: string; items?: Record<string, unknown>[] }>;
  };
  const boxes = found.target === "boxes" ? (found.boxes ?? null) : null;
  const below = Object.entries(found.box_sizes?.below ?? {})
    .map(([side, count]) => ({ side: Number(side), share: boxes ? count / boxes : 0 }))
    .sort((a, b) => a.side - b.side);
  return {
    boxes,
    usable_boxes: boxes === null ? null : (found.usable_boxes ?? null),
    below,
    sentences: Object.values(found.problems ?? {}).flatMap(({ sentence }) => (sentence ? [sentence] : [])),
    errors: found.errors ?? [],
    kinds: Object.entries(found.problems ?? {})
      .map(([kind, { count = 0, items = [] }]) => ({ kind, count, items: items.slice(0, most_items) }))
      .filter(({ count }) => count > 0),
  };
}

/** "labels/7.txt:3: a row with too few numbers (columns 14)" */
export function finding_line(item: Record<string, unknown>): string {
  const { file, line, detail, ...numbers } = item;
  const place = `${file ?? ""}${typeof line === "number" && line > 0 ? `:${line}` : ""}`;
  const others = Object.entries(numbers)
    .filter(([, value]) => typeof value === "number" || typeof value === "string")
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`)
    .join(", ");
  const said = [detail, others && (detail ? `(${others})` : others)].filter(Boolean).join(" ");
  return [place, said].filter(Boolean).join(": ");
}
