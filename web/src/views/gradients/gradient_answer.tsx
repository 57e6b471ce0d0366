import { Stack } from "@mantine/core";
import { useEffect, useState } from "react";
import { significant } from "../../format/format";
import { useText } from "../../text/text";
import { Scene } from "../overlay/scene";
import { raw } from "../raw";
import type { Answer } from "../view";
import { type Arrow, arrow_path } from "./arrow";

/** Without the image the arrow stands on a square. */
const no_image = { width: 100, height: 100 };

export function GradientAnswer({ answer, src }: { answer: Answer; src: string | null }) {
  const { t } = useText();
  const [size, set_size] = useState(no_image);
  const { arrow: drawn, ...numbers } = answer;
  const arrow = drawn as Arrow;
  useEffect(() => {
    if (src === null) return;
    const image = new Image();
    image.onload = () => set_size({ width: image.naturalWidth, height: image.naturalHeight });
    image.src = src;
    return () => {
      image.onload = null;
    };
  }, [src]);
  const { width, height } = size;
  const words = t("test.arrow", { x: significant(arrow.x, 4), y: significant(arrow.y, 4) });
  return (
    <Stack gap="sm">
      <Scene src={src} alt={answer.name} width={width} height={height}>
        <svg
          viewBox={`0 0 ${width} ${height}`}
          style={{ position: "absolute", inset: 0, width: "100%", height: "100%" }}
          role="img"
          aria-label={words}
          data-testid="arrow"
        >
          <path
            d={arrow_path(arrow, width, height)}
            stroke={arrow.color === "green" ? "#0f0" : arrow.color}
            strokeWidth={3}
            strokeLinecap="round"
            vectorEffect="non-scaling-stroke"
            fill="none"
          />
        </svg>
      </Scene>
      <raw.Answer answer={numbers} src={src} />
    </Stack>
  );
}
