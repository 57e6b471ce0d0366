import { api_root } from "../api/client";

/** A sample of a dataset as it is stored. */
export function image_url(dataset: string, split: string, index: number): string {
  return `${api_root}/datasets/${dataset}/images/${split}/${index}`;
}
