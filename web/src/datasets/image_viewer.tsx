import { useText } from "../text/text";
import type { Sample, View } from "../views/view";
import { image_url } from "./image_url";
import { LargeImage, most_px, shown_scale } from "./large_image";

interface Props {
  view: View;
  dataset: string;
  split: string;
  items: Sample[];
  at: number;
  total: number;
  move: (to: number) => void;
  close: () => void;
}

/** A sample large, with its target and where it came from. */
export function ImageViewer({ view, dataset, split, items, at, total, move, close }: Props) {
  const { t, whole } = useText();
  const item = items[at]!;
  const scale = shown_scale(item.width, item.height, most_px());
  return (
    <LargeImage
      title={item.file.split("/").at(-1) || `${split} ${item.index}`}
      width={item.width * scale}
      at={at}
      total={total}
      move={move}
      close={close}
      image={
        <div className="image" data-testid="large-image" data-scale={scale}>
          <img
            src={image_url(dataset, split, item.index)}
            alt={t("explore.alt", { name: view.target_text(item), index: String(item.index) })}
            width={item.width * scale}
            height={item.height * scale}
            style={{ imageRendering: scale > 1 ? "pixelated" : "auto", maxWidth: "none", maxHeight: "none" }}
          />
        </div>
      }
    >
      <dl className="facts" style={{ width: "100%" }}>
        <view.Target item={item} />
        <dt>{t("dataset.size")}</dt>
        <dd>
          {item.width} × {item.height}, {t(item.channels === 1 ? "channels.1" : "channels.3")}
        </dd>
        <dt>{t("explore.index")}</dt>
        <dd>{whole(item.index)}</dd>
        {item.file !== "" && (
          <>
            <dt>{t("files.file")}</dt>
            <dd>{item.file}</dd>
          </>
        )}
      </dl>
    </LargeImage>
  );
}
