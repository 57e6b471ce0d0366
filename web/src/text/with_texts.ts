import { load_rest } from "./en";

/** What is loaded later, with the texts that it needs. */
export function with_texts<Part>(load: () => Promise<Part>): () => Promise<Part> {
  return async () => (await Promise.all([load(), load_rest()]))[0];
}
