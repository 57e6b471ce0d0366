import { Anchor, Button, Group, Loader, Stack, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { answer, client, type DatasetReport, type DatasetSpec } from "../api/client";
import { bytes, significant } from "../format/format";
import { useDebounced } from "../frame/page_states";
import { useText } from "../text/text";

/** What the worker finds when it reads the images: unreadable ones, balance, equal ones, sizes and time. */
export function useDatasetReport(spec: DatasetSpec | null) {
  // Reading takes seconds: only once nothing is typed for a while.
  const settled = useDebounced(spec, 1000);
  return useQuery({
    queryKey: ["report", settled],
    enabled: settled !== null,
    retry: false,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    queryFn: ({ signal }) => answer(client.POST("/datasets/report", { body: { spec: settled! }, signal })),
  });
}

interface ReportProps {
  report: ReturnType<typeof useDatasetReport>;
  /** Scales images of more than 8 bits by a range of values. */
  on_scale: (range: number[]) => void;
  /** Keeps their values as floats. */
  on_keep: () => void;
}

export function DatasetReportPart({ report, on_scale, on_keep }: ReportProps) {
  const { t, said_error } = useText();
  if (report.error)
    return (
      <Text size="xs" c="red">
        {said_error(report.error)}
      </Text>
    );
  if (!report.data || report.isPlaceholderData)
    return (
      <Group gap="xs">
        <Loader size="xs" />
        <Text size="sm">{t("report.reading")}</Text>
      </Group>
    );
  return (
    <div data-testid="report" aria-busy={report.isFetching}>
      <Findings report={report.data} on_scale={on_scale} on_keep={on_keep} />
    </div>
  );
}

interface FindingsProps {
  report: DatasetReport;
  on_scale: ReportProps["on_scale"];
  on_keep: ReportProps["on_keep"];
}

/** Classes without training images. */
const most_named = 8;

function Findings({ report, on_scale, on_keep }: FindingsProps) {
  const { t, duration, listed, said } = useText();
  const { unreadable, duplicates, imbalance } = report;
  const empty = imbalance.empty_classes ?? [];
  return (
    <Stack gap={4}>
      <Text size="sm">
        {report.all ? t("report.all_read", { n: report.checked }) : t("report.sample_read", { n: report.checked })}
      </Text>
      {unreadable.count > 0 && (
        <Shown
          text={t("report.unreadable", { n: unreadable.count })}
          lines={unreadable.images.map(({ path, reason }) => `${path}: ${said(reason)}`)}
        />
      )}
      {report.unreadable_classes.length > 0 && (
        <Text size="sm">
          ⚠{" "}
          {t("report.unreadable_class", {
            n: report.unreadable_classes.length,
            name: listed(report.unreadable_classes),
          })}
        </Text>
      )}
      {report.turned > 0 && <Text size="sm">{t("report.turned", { n: report.turned })}</Text>}
      {report.depth && <Depth depth={report.depth} on_scale={on_scale} on_keep={on_keep} />}
      {imbalance.verdict !== "no_classes" && (
        <Text size="sm">
          {imbalance.verdict === "even" ? "✓" : "⚠"}{" "}
          {imbalance.verdict === "empty_class"
            ? t("report.balance.empty_class", {
                n: empty.length,
                names: listed(empty.slice(0, most_named)) + (empty.length > most_named ? ", …" : ""),
              })
            : t(`report.balance.${imbalance.verdict}`, { ratio: significant(imbalance.ratio, 2) })}
        </Text>
      )}
      {duplicates.groups > 0 ? (
        <Shown
          text={
            duplicates.across_splits > 0
              ? t("report.leak", { n: duplicates.across_splits })
              : t("report.duplicates", { n: duplicates.groups })
          }
          lines={duplicates.examples.map((group) =>
            group.map(({ path, split, label }) => `${path} (${split}, ${label})`).join(" = "),
          )}
        />
      ) : (
        <Text size="sm">
          ✓ {duplicates.all ? t("report.no_duplicates") : t("report.no_duplicates_so_far", { n: duplicates.compared })}
        </Text>
      )}
      {duplicates.contradicting > 0 && (
        <Text size="sm">⚠ {t("report.contradicting", { n: duplicates.contradicting })}</Text>
      )}
      {report.bytes !== null && report.seconds !== null && (
        <Text size="sm">
          {t("report.cost", { size: bytes(report.bytes), time: duration(Math.max(1, Math.round(report.seconds))) })}
        </Text>
      )}
      {report.bytes !== null && report.bytes > report.free_bytes && (
        <Text size="sm" c="red" role="alert" data-testid="disk">
          {t("report.disk_full", { size: bytes(report.bytes), free: bytes(report.free_bytes) })}
        </Text>
      )}
    </Stack>
  );
}

interface DepthProps {
  depth: NonNullable<DatasetReport["depth"]>;
  on_scale: (range: number[]) => void;
  on_keep: () => void;
}

/** What values images of more than 8 bits have, and offers to keep them or to scale those that would become black. */
function Depth({ depth, on_scale, on_keep }: DepthProps) {
  const { t } = useText();
  const range = { lowest: significant(depth.lowest, 4), highest: significant(depth.highest, 4), bits: depth.bits };
  const keep = (
    <Button variant="default" size="compact-xs" onClick={on_keep}>
      {t("report.keep")}
    </Button>
  );
  if (depth.dark === 0)
    return (
      <div>
        <Text size="sm">{t("report.depth", { n: depth.images, ...range })}</Text>
        {keep}
      </div>
    );
  const suggested = depth.suggested ?? [];
  const [lowest, highest] = suggested;
  return (
    <div>
      <Text size="sm">⚠ {t("report.dark", { n: depth.dark, ...range })}</Text>
      <Group gap="xs" mt={4}>
        {lowest !== undefined && highest !== undefined && (
          <Button variant="default" size="compact-xs" onClick={() => on_scale(suggested)}>
            {t("report.scale", { lowest, highest })}
          </Button>
        )}
        {keep}
      </Group>
    </div>
  );
}

function Shown({ text, lines }: { text: string; lines: string[] }) {
  const { t } = useText();
  const [open, set_open] = useState(false);
  return (
    <div>
      <Text size="sm">
        ⚠ {text}{" "}
        <Anchor component="button" type="button" size="sm" onClick={() => set_open(!open)} aria-expanded={open}>
          {t(open ? "report.hide" : "report.show")}
        </Anchor>
      </Text>
      {open && (
        <ul className="report-lines">
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
