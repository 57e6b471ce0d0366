import { Text } from "@mantine/core";
import { significant } from "../format/format";
import { useText } from "../text/text";
import { type LrOptions, lr_curve, lr_said } from "./lr_policy";

/** The learning rate over the training, as small as it can be read. */
export function LrPreview({ options, epochs }: { options: LrOptions | null; epochs: number }) {
  const { t } = useText();
  if (!options) {
    return (
      <Text size="sm" c="dimmed">
        {t("lr.incomplete")}
      </Text>
    );
  }
  const curve = lr_curve(options).filter(({ lr }) => Number.isFinite(lr));
  const most = Math.max(...curve.map(({ lr }) => lr));
  const width = 300;
  const height = 90;
  const points = curve
    .map(
      ({ percent, lr }) =>
        `${((percent / 100) * width).toFixed(1)},${(height - (lr / most) * (height - 4) - 1).toFixed(1)}`,
    )
    .join(" ");
  const said = lr_said(curve.map(({ lr }) => lr));
  const caption = t(said.rises ? "lr.preview_rises" : "lr.preview", {
    from: significant(said.from),
    most: significant(said.most),
    to: significant(said.to),
  });
  return (
    <figure style={{ margin: 0 }} data-testid="lr-preview">
      <Text component="figcaption" size="xs" c="dimmed" mb={4}>
        {caption}
      </Text>
      <svg
        viewBox={`0 0 ${width} ${height}`}
        width="100%"
        height={height}
        preserveAspectRatio="none"
        role="img"
        aria-label={caption}
      >
        <line
          x1="0"
          x2={width}
          y1={height - 1}
          y2={height - 1}
          stroke="var(--mantine-color-default-border)"
          vectorEffect="non-scaling-stroke"
        />
        <polyline
          points={points}
          fill="none"
          stroke="var(--mantine-primary-color-filled)"
          strokeWidth="2"
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      <Text size="xs" c="dimmed" style={{ display: "flex", justifyContent: "space-between" }}>
        <span>0</span>
        <span>{Number.isFinite(epochs) && epochs > 0 ? t("lr.epochs", { n: epochs }) : "100 %"}</span>
      </Text>
    </figure>
  );
}
