import { useState } from "react";
import { type EvaluationFacts, evaluated_image_url } from "../api/client";
import { wide_dialog } from "../datasets/image_viewer";
import { LargeImage, most_px, shown_scale } from "../datasets/large_image";
import { useText } from "../text/text";
import { view_of } from "../views/registry";
import type { Prediction } from "../views/view";

interface Props {
  job: string;
  facts: EvaluationFacts;
  items: Prediction[];
  at: number;
  total: number;
  move: (to: number) => void;
  close: () => void;
}

/** An evaluated image large, with its class and the network's answer. */
export function PredictionViewer({ job, facts, items, at, total, move, close }: Props) {
  const { t, whole } = useText();
  const item = items[at]!;
  // In an answer, `image` is the image that the network made.
  const { image, ...said } = item;
  const { Answer, Judged, LargePrediction } = view_of(facts);
  const src = evaluated_image_url(job, item.index);
  const [size, set_size] = useState({ width: 1, height: 1 });
  const scale = shown_scale(size.width, size.height, most_px());
  const known = size.width > 1;
  return (
    <LargeImage
      title={image.split("/").at(-1) || String(item.index)}
      width={LargePrediction ? wide_dialog : known ? size.width * scale : 0}
      at={at}
      total={total}
      move={move}
      close={close}
      image={
        LargePrediction ? (
          <div style={{ width: "100%" }} data-testid="large-image">
            <LargePrediction key={item.index} item={item} src={src} facts={facts} />
          </div>
        ) : (
          <div className="image" data-testid="large-image">
            <img
              src={src}
              alt={t("images.alt", { index: String(item.index), label: item.truth?.label ?? "" })}
              width={known ? size.width * scale : undefined}
              height={known ? size.height * scale : undefined}
              onLoad={({ currentTarget }) =>
                set_size({ width: currentTarget.naturalWidth, height: currentTarget.naturalHeight })
              }
              style={{ imageRendering: known && scale > 1 ? "pixelated" : "auto", maxHeight: "none" }}
            />
          </div>
        )
      }
    >
      <dl className="facts" style={{ width: "100%" }}>
        {!LargePrediction && !Judged && (
          <>
            <dt>{t("matrix.truth")}</dt>
            <dd>{item.truth?.label ?? t("images.unknown")}</dd>
          </>
        )}
        <dt>{t("explore.index")}</dt>
        <dd>{whole(item.index)}</dd>
        {image !== "" && (
          <>
            <dt>{t("files.file")}</dt>
            <dd>{image}</dd>
          </>
        )}
      </dl>
      {!LargePrediction && (
        <div style={{ width: "100%" }}>
          {Judged ? (
            <Judged key={item.index} item={item} src={src} facts={facts} />
          ) : (
            <Answer answer={{ ...said, name: image, error: null }} src={src} />
          )}
        </div>
      )}
    </LargeImage>
  );
}
