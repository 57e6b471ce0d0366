import { type RefObject, useEffect, useRef } from "react";

/** For the element of a form: what the server refuses comes into view. */
export function useShownError(error: unknown): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (error)
      form.current?.querySelector('[aria-invalid="true"], [role="alert"]')?.scrollIntoView({ block: "center" });
  }, [error]);
  return form;
}
