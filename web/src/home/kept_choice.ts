import { useCallback, useState } from "react";

/** A choice of the person at this browser: kept under `key`. */
export function useKept<T>(key: string, initial: T): [T, (value: T) => void] {
  const [values, set_values] = useState<Record<string, T>>({});
  const value = values[key] ?? read(key, initial);
  const set = useCallback(
    (next: T) => {
      set_values((before) => ({ ...before, [key]: next }));
      try {
        localStorage.setItem(key, JSON.stringify(next));
      } catch {
        // A full or forbidden storage only costs the choice.
      }
    },
    [key],
  );
  return [value, set];
}

function read<T>(key: string, initial: T): T {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    if (kept !== null && typeof kept === typeof initial && Array.isArray(kept) === Array.isArray(initial))
      return kept as T;
  } catch {
    // Not ours: as if nothing had been kept.
  }
  return initial;
}
