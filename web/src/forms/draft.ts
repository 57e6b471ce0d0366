import { useCallback, useEffect, useState } from "react";

/** Form values that outlive a reload: kept under `key` in the browser until `clear`. Members that are new in `initial` are filled in. */
export function useDraft<T extends object>(key: string, initial: T): [T, (change: Partial<T>) => void, () => void] {
  const [values, set_values] = useState<T>(() => read_draft(key, initial));
  useEffect(() => {
    try {
      localStorage.setItem(key, JSON.stringify(values, without_secrets));
    } catch {
      // A full or forbidden storage only costs the draft.
    }
  }, [key, values]);
  const change = useCallback((part: Partial<T>) => set_values((before) => ({ ...before, ...part })), []);
  const clear = useCallback(() => {
    set_values(initial);
    // After the effect has stored the initial values once more.
    setTimeout(() => localStorage.removeItem(key));
  }, [key, initial]);
  return [values, change, clear];
}

/** Secrets are kept nowhere: members whose names say that they are one. */
export function without_secrets(name: string, value: unknown): unknown {
  return /secret|password/i.test(name) && typeof value === "string" ? undefined : value;
}

export function read_draft<T extends object>(key: string, initial: T): T {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<Record<string, unknown>>;
    const values: Record<string, unknown> = { ...(initial as Record<string, unknown>) };
    for (const [name, value] of Object.entries(initial)) {
      const old = kept[name];
      if (old !== undefined && typeof old === typeof value && Array.isArray(old) === Array.isArray(value))
        values[name] = old;
    }
    return values as T;
  } catch {
    return initial;
  }
}
