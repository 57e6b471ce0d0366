import { type ReactNode, useState } from "react";

/** Images below this size are shown enlarged, without smoothing. */
export const small_px = 64;

/** An image on neutral grey; it fills its box, and a small one is enlarged without smoothing. */
export function SampleImage({
  src,
  alt,
  title,
  children,
}: {
  src: string;
  alt: string;
  title?: string;
  children?: ReactNode;
}) {
  const [small, set_small] = useState(false);
  return (
    <span className="image" data-small={small} title={title}>
      <img
        loading="lazy"
        decoding="async"
        src={src}
        alt={alt}
        onLoad={({ currentTarget }) =>
          set_small(Math.max(currentTarget.naturalWidth, currentTarget.naturalHeight) < small_px)
        }
      />
      {children}
    </span>
  );
}
