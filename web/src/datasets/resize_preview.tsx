import { Text } from "@mantine/core";
import { useId } from "react";
import { useText } from "../text/text";
import type { DatasetForm } from "./dataset_form";

interface Props {
  mode: DatasetForm["resize"];
  width: number;
  height: number;
  grey: boolean;
}

/** Where a 4:3 image with a circle in it ends up inside the wanted size. */
export function placed(
  mode: Props["mode"],
  width: number,
  height: number,
): { x: number; y: number; width: number; height: number } {
  if (mode === "squash") return { x: 0, y: 0, width, height };
  const cover = Math.max(width / 4, height / 3);
  const contain = Math.min(width / 4, height / 3);
  const scale = mode === "crop" ? cover : mode === "fill" ? contain : (cover + contain) / 2;
  return { x: (width - 4 * scale) / 2, y: (height - 3 * scale) / 2, width: 4 * scale, height: 3 * scale };
}

export function ResizePreview({ mode, width, height, grey }: Props) {
  const { t } = useText();
  const clip = useId();
  if (!(width > 0) || !(height > 0)) return null;
  const scale = 110 / Math.max(width, height);
  const box = { width: width * scale, height: height * scale };
  const at = placed(mode, box.width, box.height);
  return (
    <figure style={{ margin: 0 }}>
      <svg
        width={box.width}
        height={box.height}
        role="img"
        aria-label={t("resize.example")}
        style={{ filter: grey ? "grayscale(1)" : undefined }}
      >
        <clipPath id={clip}>
          <rect width={box.width} height={box.height} />
        </clipPath>
        <g clipPath={`url(#${clip})`}>
          <rect width={box.width} height={box.height} fill="#777" />
          <svg x={at.x} y={at.y} width={at.width} height={at.height} viewBox="0 0 40 30" preserveAspectRatio="none">
            <title>{t("resize.example")}</title>
            <rect width="40" height="30" fill="#a5d8ff" />
            <path d="M0 30l13-16 9 11 6-6 12 11z" fill="#2f9e44" />
            <circle cx="29" cy="9" r="5" fill="#ffd43b" />
          </svg>
        </g>
      </svg>
      <Text component="figcaption" size="xs" c="dimmed">
        {t("resize.example")}
      </Text>
    </figure>
  );
}
