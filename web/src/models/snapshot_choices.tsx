import { Select } from "@mantine/core";
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

interface Props {
  snapshots: Snapshot[];
  value: string;
  on_choose: (snapshot: string) => void;
}

/** Which snapshot of a model. */
export function SnapshotSelect({ snapshots, value, on_choose }: Props) {
  const { t } = useText();
  return (
    <Select
      label={t("test.snapshot")}
      allowDeselect={false}
      value={value}
      onChange={(chosen) => on_choose(chosen ?? "best")}
      data={useSnapshotChoices(snapshots)}
    />
  );
}
