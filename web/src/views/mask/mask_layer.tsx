import { useEffect, useRef } from "react";
import type { IndexImage } from "./index_png";
import { type MaskOptions, paint_mask } from "./masks";
import "../overlay/overlay.css";

interface Props {
  mask: IndexImage;
  colour_of: (index: number) => string;
  hidden: ReadonlySet<number>;
  options: MaskOptions;
}

/** A mask over an image that is fitted into its place. */
export function MaskLayer({ mask, colour_of, hidden, options }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { opacity, outline } = options;
  useEffect(() => {
    const pixels = paint_mask(mask, colour_of, hidden, { opacity, outline });
    canvas.current?.getContext("2d")?.putImageData(new ImageData(pixels, mask.width, mask.height), 0, 0);
  }, [mask, colour_of, hidden, opacity, outline]);
  return (
    <canvas
      ref={canvas}
      className="overlay"
      width={mask.width}
      height={mask.height}
      aria-hidden
      data-testid="mask-layer"
    />
  );
}
