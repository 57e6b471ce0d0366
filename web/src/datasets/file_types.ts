import { useText } from "../text/text";

/** ".psd 12, no ending 1": how many files have each type, the most frequent first. */
export function useFileTypes(): (types: Record<string, number>) => string {
  const { t, listed, whole } = useText();
  const name = (type: string) =>
    type === "no ending" ? t("report.no_ending") : type === "other" ? t("report.other_types") : type;
  return (types) =>
    listed(
      Object.entries(types)
        .sort(([, a], [, b]) => b - a)
        .map(([type, count]) => `${name(type)} ${whole(count)}`),
    );
}
