import type { Job } from "../api/client";
import { metric } from "../format/format";
import { useMetrics } from "../models/use_metrics";
import { useText } from "../text/text";
import "./home.css";

const candidates = ["val/accuracy", "val/mAP", "val/miou", "val/psnr", "val/loss", "train/loss"];
const width = 120;
const height = 24;

/** The newest of a training's curves, drawn small: what it is judged by if there is that, else loss. */
export function Sparkline({ job }: { job: Job }) {
  const { t, series: words } = useText();
  const { series } = useMetrics(job.id, job.state, { only: candidates.join(","), max_points: 100 });
  const name =
    candidates.find((one) => (series.get(one)?.value.length ?? 0) >= 2) ?? candidates.find((one) => series.get(one));
  if (!name) return null;
  const values = series.get(name)!.value;
  return (
    <span className="sparkline">
      <span>
        {words(name)} <b>{metric(name, series.last(name))}</b>
      </span>
      <svg width={width} height={height} role="img" aria-label={t("sparkline.label", { name: words(name) })}>
        <polyline points={spark_points(values)} fill="none" stroke="currentColor" strokeWidth="1.5" />
      </svg>
    </span>
  );
}

function spark_points(values: (number | null)[]): string {
  const known = values.filter((value) => value !== null && Number.isFinite(value)) as number[];
  const low = Math.min(...known);
  const span = Math.max(...known) - low || 1;
  const step = width / Math.max(1, values.length - 1);
  return values
    .flatMap((value, i) =>
      value === null
        ? []
        : [`${(i * step).toFixed(1)},${(height - 2 - ((value - low) / span) * (height - 4)).toFixed(1)}`],
    )
    .join(" ");
}
