import { Card, Stack, Title } from "@mantine/core";
import { useEffect, useState } from "react";
import type { Hardware, Job } from "../api/client";
import { useHardware } from "../api/queries";
import { bytes, percent } from "../format/format";
import { Facts } from "../jobs/job_tabs";
import { useText } from "../text/text";
import "./hardware.css";

/** A minute of looks. */
const kept = 60;

/** What the training takes of the machine while it runs: device, memory, processor, and how fast it goes. */
export function HardwareCard({ job, speed, wait }: { job: Job; speed: number | null; wait: number | null }) {
  const { t, said, listed, rate, duration } = useText();
  const running = job.state === "run";
  const { data, dataUpdatedAt } = useHardware(job.id, running);
  const [cores, set_cores] = useState<number[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each look counts, also one that saw the same
  useEffect(() => {
    if (data) set_cores((before) => [...before.slice(1 - kept), data.cores_busy]);
  }, [dataUpdatedAt]);
  if (!running || !data) return null;
  const items: [string, React.ReactNode][] = [
    [t("hardware.device"), said(data.device)],
    [t("hardware.cpu"), t("hardware.of_cores", { share: percent(data.cores_busy, 0), n: data.machine.cores })],
    [
      t("hardware.memory"),
      t("hardware.with_peak", { now: bytes(data.memory_bytes), peak: bytes(data.peak_memory_bytes) }),
    ],
    [
      t("hardware.machine"),
      t("hardware.free_of", { free: bytes(data.machine.available_bytes), total: bytes(data.machine.memory_bytes) }),
    ],
    ...gpu_items(data, t),
  ];
  if (speed !== null) items.push([t("strip.images_per_s"), t("unit.images_per_s", { rate: rate(speed) })]);
  if (wait !== null) items.push([t("strip.data_wait"), percent(wait, 1)]);
  if (job.progress?.eta_s != null) items.push([t("hardware.left"), duration(Math.round(job.progress.eta_s))]);
  items.push([t("system.process"), listed([String(data.pid), t("hardware.threads", { n: data.threads })])]);
  return (
    <Stack gap={0} data-testid="hardware">
      <Facts title={t("hardware.title")} items={items} />
      <Card withBorder padding="xs" mt={-1}>
        <Title order={3} size="xs" c="dimmed" fw={400}>
          {t("hardware.cpu_usage")}
        </Title>
        <Course values={cores} most={data.machine.cores} />
      </Card>
    </Stack>
  );
}

function gpu_items({ gpu }: Hardware, t: ReturnType<typeof useText>["t"]): [string, React.ReactNode][] {
  if (!gpu) return [];
  return [
    [t("hardware.gpu"), `${gpu.name}, ${percent(gpu.utilisation, 0)}`],
    [
      t("hardware.gpu_memory"),
      t("hardware.used_of", { used: bytes(gpu.memory_used_bytes), total: bytes(gpu.memory_bytes) }),
    ],
    [t("hardware.temperature"), `${gpu.temperature_c} °C`],
  ];
}

/** Cores at work over the last minute; the top of the image is all of them. */
function Course({ values, most }: { values: number[]; most: number }) {
  const { t } = useText();
  const width = 240;
  const height = 36;
  const points = values.map((value, i) => {
    const x = width - (values.length - 1 - i) * (width / (kept - 1));
    return `${x.toFixed(1)},${(height - 1 - Math.min(1, value / most) * (height - 2)).toFixed(1)}`;
  });
  return (
    <svg viewBox={`0 0 ${width} ${height}`} className="course" role="img" aria-label={t("hardware.cpu_usage")}>
      <polyline
        points={points.join(" ")}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
