/** Rows of a table. */
export type Cells = (string | number)[][];

/** A table as CSV (RFC 4180), and as a link to save. A name that a spreadsheet would take for a formula is disarmed. */
export function to_csv(rows: Cells): string {
  return rows.map((row) => row.map(cell).join(",")).join("\r\n");
}

function cell(value: string | number): string {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function save_text(name: string, type: string, text: string): void {
  save_blob(name, new Blob([text], { type }));
}

export function save_blob(name: string, blob: Blob): void {
  save_url(name, URL.createObjectURL(blob));
}

export function save_url(name: string, url: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  if (url.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
