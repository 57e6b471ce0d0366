import type { ChosenFiles } from "../datasets/use_upload";

/** Files cannot travel in an address: what was dropped on another page waits here for the page that sends it. */
let handed: ChosenFiles | null = null;

export function hand_over(files: ChosenFiles): void {
  handed = files;
}

export function handed_folder(): ChosenFiles | null {
  return handed;
}

export function forget_handed_folder(): void {
  handed = null;
}
