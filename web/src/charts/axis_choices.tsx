import { SegmentedControl } from "@mantine/core";
import { useText } from "../text/text";

interface Props {
  /** "epoch" or "iteration" */
  x: string;
  /** Whether the y axis is logarithmic. */
  log: boolean;
  /** Of the page's address: "x", "y" ("linear" or "log"). */
  set: (name: string, value: string) => void;
}

/** What the axes of curves count, and how. */
export function AxisChoices({ x, log, set }: Props) {
  const { t } = useText();
  return (
    <>
      <SegmentedControl
        size="xs"
        aria-label={t("curves.x")}
        value={x}
        onChange={(value) => set("x", value)}
        data={[
          { value: "epoch", label: t("axis.epoch") },
          { value: "iteration", label: t("axis.iteration") },
        ]}
      />
      <SegmentedControl
        size="xs"
        aria-label={t("curves.y")}
        value={log ? "log" : "linear"}
        onChange={(value) => set("y", value)}
        data={[
          { value: "linear", label: t("axis.linear") },
          { value: "log", label: t("axis.log") },
        ]}
      />
    </>
  );
}
