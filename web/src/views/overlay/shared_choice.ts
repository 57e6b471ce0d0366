import { useSyncExternalStore } from "react";

/** A choice that all images of the page share, kept while the page is open. */
export function shared_choice<T extends object>(first: T): () => [T, (part: Partial<T>) => void] {
  let value = first;
  const listeners = new Set<() => void>();
  const set = (part: Partial<T>) => {
    value = { ...value, ...part };
    for (const listener of listeners) listener();
  };
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return () => [useSyncExternalStore(subscribe, () => value), set];
}

/** `hidden` with a class switched on or off, by its name: another dataset numbers its classes otherwise. */
export function toggled(hidden: ReadonlySet<string>, label: string): ReadonlySet<string> {
  const next = new Set(hidden);
  if (!next.delete(label)) next.add(label);
  return next;
}

export function all_hidden(classes: readonly { label: string }[]): ReadonlySet<string> {
  return new Set(classes.map(({ label }) => label));
}
