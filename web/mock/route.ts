import type { Entry, MockState } from "./state.ts";

/** One request, as the handlers see it. */
export interface Ask {
  state: MockState;
  /** Of the job that the path names. */
  id: string;
  /** That job; refuses when there is none. */
  entry: () => Entry;
  query: URLSearchParams;
  body: unknown;
  /** The body of a creation. */
  data: {
    name: string;
    group?: string;
    spec: Record<string, never> & { source?: { path?: string; train?: string } };
  };
}

/** "METHOD /path" with `:id` for a job → the answer: JSON, text, bytes, or nothing. */
export type Routes = Record<string, (ask: Ask) => unknown>;
