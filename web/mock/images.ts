/** The ten digits, drawn. */

export const labels = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

export function image(index: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28" width="28" height="28"><rect width="28" height="28"/><text x="8" y="21" fill="#fff" font-size="20">${index % 10}</text></svg>`;
}

export function image_url(index: number): string {
  return `data:image/svg+xml,${encodeURIComponent(image(index))}`;
}
