import { useEffect, useRef } from "react";

/** Keys of the whole page: `x`, `mod+x` and sequences like `n d`. Without `mod` they rest while something is typed into a field. */
export function useShortcuts(actions: Record<string, (event: KeyboardEvent) => void>): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    let before = "";
    let forget: ReturnType<typeof setTimeout> | undefined;
    const on_key = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey) return;
      const mod = event.ctrlKey || event.metaKey;
      if (!mod && (is_typing(event.target) || document.querySelector('[role="dialog"]'))) return;
      const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
      const action = mod ? latest.current[`mod+${key}`] : (latest.current[`${before} ${key}`] ?? latest.current[key]);
      before = mod ? "" : key;
      clearTimeout(forget);
      forget = setTimeout(() => {
        before = "";
      }, 1200);
      if (!action) return;
      event.preventDefault();
      before = "";
      action(event);
    };
    window.addEventListener("keydown", on_key);
    return () => {
      window.removeEventListener("keydown", on_key);
      clearTimeout(forget);
    };
  }, []);
}

function is_typing(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !/^(checkbox|radio|button|submit)$/.test(target.type);
  return target instanceof HTMLElement && (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName));
}
