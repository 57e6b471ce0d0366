/** The mask of a sample or an answer: as the server gives it, or else where it is read. */
export function mask_of(item: object, otherwise: string | null): string | null {
  const { mask } = item as { mask?: unknown };
  return typeof mask === "string" && mask !== "" ? mask : otherwise;
}

/** The classes that an answer names, for its legend. */
export function names_of(answer: object): { labels: string[]; palette: string[] } {
  const { classes } = answer as { classes?: { class: number; label: string; color?: string }[] };
  const labels: string[] = [];
  const palette: string[] = [];
  for (const one of classes ?? []) {
    labels[one.class] = one.label;
    if (one.color) palette[one.class] = one.color;
  }
  return { labels, palette };
}
