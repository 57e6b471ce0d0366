import type { ReactNode } from "react";
import { evaluated_image_url } from "../api/client";
import { useText } from "../text/text";
import { SampleImage } from "./sample_image";
import type { OpenPrediction } from "./view";

/** An evaluated image with what is said of it; a click opens it. `children` lie over the image, `wrong` has a red frame. */
export function PredictionCard({
  job,
  item,
  on_open,
  words,
  wrong,
  children,
}: OpenPrediction & { words: string; wrong?: boolean; children?: ReactNode }) {
  const { t } = useText();
  return (
    <li className="prediction" data-wrong={wrong} data-testid="prediction">
      <button type="button" className="image-button" onClick={on_open} title={item.image}>
        <SampleImage
          src={evaluated_image_url(job, item.index)}
          alt={t("images.alt", { index: String(item.index), label: words })}
        >
          {children}
        </SampleImage>
      </button>
      <p className="file-name">{item.image.split("/").at(-1)}</p>
      <p>{words}</p>
    </li>
  );
}
