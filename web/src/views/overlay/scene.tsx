import type { PointerEvent, ReactNode } from "react";
import { useText } from "../../text/text";
import "./overlay.css";

interface Props {
  /** Null: the browser has no access to the image, and what is drawn stands on gray. */
  src: string | null;
  alt: string;
  width: number;
  height: number;
  title?: string;
  children?: ReactNode;
  on_pointer?: (place: { x: number; y: number } | null) => void;
}

/** An image as large as its place allows, with what is drawn on it. Places are shares of its width and height. */
export function Scene({ src, alt, width, height, title, children, on_pointer }: Props) {
  const { t } = useText();
  const at = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    on_pointer?.({ x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height });
  };
  const ratio = Math.max(1, width) / Math.max(1, height);
  return (
    <figure className="scene-figure">
      {title && <figcaption>{title}</figcaption>}
      <div
        className="scene"
        data-testid="scene"
        data-small={Math.max(width, height) < 64}
        style={{ aspectRatio: ratio, width: `min(100%, calc(64vh * ${ratio.toFixed(4)}))` }}
        onPointerMove={on_pointer && at}
        onPointerLeave={on_pointer && (() => on_pointer(null))}
      >
        {src === null ? (
          <span className="scene-nothing" role="img" aria-label={alt}>
            {t("overlay.no_image")}
          </span>
        ) : (
          <img src={src} alt={alt} />
        )}
        {children}
      </div>
    </figure>
  );
}
