import type { Diagnostic } from "../api/client";

/** One list: what the check found, then what only building the networks shows. A syntax error makes others, so it stands alone. */
export function listed_findings(checked: Diagnostic[], built: Diagnostic[], unpaired: boolean): Diagnostic[] {
  const first = checked.find(({ severity }) => severity === "error");
  if (unpaired && first) return [first];
  const key = ({ line, message }: Diagnostic) => `${line} ${message}`;
  return [...new Map([...checked, ...built].map((one) => [key(one), one])).values()];
}
