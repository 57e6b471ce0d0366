import { Group, Loader, Stack, Text } from "@mantine/core";
import type { DatasetScan } from "../api/client";
import { type Translate, useText } from "../text/text";
import { useFileTypes } from "./file_types";
import { ScanFindings } from "./scan_findings";
import { findings_of } from "./scan_members";
import { split_names } from "./splits";

/** Of targets without classes only the images are counted. */
export function images_and_classes(t: Translate, images: number, classes: number): string {
  return classes > 0 ? t("summary.found", { images, classes }) : t("list.images", { n: images });
}

interface Props {
  scan: DatasetScan | undefined;
  /** The scan is of what was typed before. */
  stale: boolean;
  asked: boolean;
  busy: boolean;
  failed: boolean;
}

/** What a dry run found: images, classes, splits, what is wrong with them. */
export function ScanSummary({ scan, stale, asked, busy, failed }: Props) {
  const { t, whole, said } = useText();
  const file_types = useFileTypes();
  if (!asked) {
    return (
      <Text size="sm" c="dimmed">
        {t("summary.type_first")}
      </Text>
    );
  }
  if (!scan || failed || stale) {
    return busy || stale ? (
      <Group gap="xs">
        <Loader size="xs" />
        <Text size="sm">{t("summary.looking")}</Text>
      </Group>
    ) : null;
  }
  // What stands in a folded list is not said again in full.
  const { sentences } = findings_of(scan);
  const warnings = scan.warnings.filter((warning) => !sentences.includes(warning));
  const total = Object.values(scan.splits).reduce((sum, split) => sum + split.count, 0);
  return (
    <Stack gap="xs" data-testid="scan" aria-busy={busy}>
      <Text size="sm" fw={600}>
        {images_and_classes(t, total, scan.labels.length)}
      </Text>
      <dl className="facts">
        {split_names.map((name) => (
          <div key={name} style={{ display: "contents" }}>
            <dt>{t(`split.${name}`)}</dt>
            <dd>{whole(scan.splits[name]?.count ?? 0)}</dd>
          </div>
        ))}
      </dl>
      <ScanFindings scan={scan} />
      <Balance counts={scan.splits.train?.per_class ?? []} />
      {warnings.slice(0, 5).map((warning) => (
        <Text key={warning} size="xs" style={{ overflowWrap: "anywhere" }}>
          ⚠ {said(warning)}
        </Text>
      ))}
      {scan.unsupported.count > 0 && (
        <Text size="xs" style={{ overflowWrap: "anywhere" }}>
          ⚠ {t("report.unsupported", { n: scan.unsupported.count, types: file_types(scan.unsupported.types) })}
        </Text>
      )}
      {warnings.length > 5 && <Text size="xs">{t("summary.more_warnings", { n: warnings.length - 5 })}</Text>}
    </Stack>
  );
}

/** A row of small columns: how even the classes are. */
function Balance({ counts }: { counts: number[] }) {
  const { t } = useText();
  if (counts.length === 0 || counts.length > 200) return null;
  const most = Math.max(1, ...counts);
  return (
    <svg
      viewBox={`0 0 ${counts.length * 10} 30`}
      height={30}
      width="100%"
      preserveAspectRatio="none"
      role="img"
      aria-label={t("summary.balance")}
    >
      {counts.map((count, i) => (
        <rect
          key={i}
          x={i * 10 + 1}
          width={8}
          y={30 - (30 * count) / most}
          height={(30 * count) / most}
          fill="var(--mantine-primary-color-filled)"
        />
      ))}
    </svg>
  );
}
