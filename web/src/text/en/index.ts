import { curves } from "./curves";
import { frame } from "./frame";
import { home } from "./home";
import { jobs } from "./jobs";
import type { rest } from "./rest";

/** The texts of Home and its frame, which are shown first. `{name}` is filled in; `one|other` is chosen by `n`. */
export const first = { ...frame, ...jobs, ...home, ...curves } as const;

export type Catalogue = Record<keyof typeof first | keyof typeof rest, string>;

/** Every text of the pages; those of the others only after `load_rest`. */
export const en = { ...first } as Catalogue;

let loading: Promise<void> | undefined;

/** Before another page than Home is shown. */
export function load_rest(): Promise<void> {
  loading ??= import("./rest").then(({ rest }) => {
    Object.assign(en, rest);
  });
  return loading;
}
