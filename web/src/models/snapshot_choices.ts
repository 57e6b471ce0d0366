import type { Snapshot } from "../api/client";
import { significant } from "../format/format";
import { useText } from "../text/text";

/** The snapshots to choose from: the best, the last, then each, the newest first. */
export function useSnapshotChoices(snapshots: Snapshot[]) {
  const { t } = useText();
  return [
    { value: "best", label: t("snapshot.best") },
    { value: "last", label: t("snapshot.last") },
    ...[...snapshots].reverse().map((one) => ({
      value: String(one.iteration),
      label: t("snapshot.at", { epoch: significant(one.epoch, 3), iteration: one.iteration }),
    })),
  ];
}
