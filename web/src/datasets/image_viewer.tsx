import { useText } from "../text/text";
import type { ClassNames, Sample, View } from "../views/view";
import { image_url } from "./image_url";
import { LargeImage, most_px, shown_scale } from "./large_image";
import { channels_text } from "./shown_channels";

/** A dialog with something drawn on its image has room for it and for its table. */
export const wide_dialog = 900;

interface Props {
  view: View;
  names: ClassNames;
  dataset: string;
  split: string;
  items: Sample[];
  at: number;
  total: number;
  /** Samples are two images side by side. */
  pairs?: boolean;
  move: (to: number) => void;
  close: () => void;
}

/** A sample large, with its target and where it came from. */
export function ImageViewer({ view, names, dataset, split, items, at, total, pairs = false, move, close }: Props) {
  const { t, whole } = useText();
  const item = items[at]!;
  const width = pairs ? 2 * item.width : item.width;
  const scale = shown_scale(width, item.height, most_px());
  const src = image_url(dataset, split, item.index);
  return (
    <LargeImage
      title={item.file.split("/").at(-1) || `${split} ${item.index}`}
      width={view.LargeSample ? wide_dialog : width * scale}
      at={at}
      total={total}
      move={move}
      close={close}
      image={
        view.LargeSample ? (
          <div style={{ width: "100%" }} data-testid="large-image">
            <view.LargeSample item={item} src={src} names={names} />
          </div>
        ) : (
          <div className="image" data-testid="large-image" data-scale={scale}>
            <img
              src={src}
              alt={t("explore.alt", { name: view.target_text(item), index: String(item.index) })}
              width={width * scale}
              height={item.height * scale}
              style={{ imageRendering: scale > 1 ? "pixelated" : "auto", maxWidth: "none", maxHeight: "none" }}
            />
          </div>
        )
      }
    >
      <dl className="facts" style={{ width: "100%" }}>
        <view.Target item={item} />
        <dt>{t("dataset.size")}</dt>
        <dd>
          {item.width} × {item.height}, {channels_text(t, item.channels, pairs)}
        </dd>
        <dt>{t("explore.index")}</dt>
        <dd>{whole(item.index)}</dd>
        <Problems item={item} />
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

/** What is wrong with a sample, as the server says it. */
function Problems({ item }: { item: Sample }) {
  const { t, said } = useText();
  const problems = Array.isArray(item.problems) ? item.problems.map(String) : [];
  if (problems.length === 0) return null;
  return (
    <>
      <dt>{t("explore.problems")}</dt>
      <dd>
        {problems.map((problem) => (
          <div key={problem}>{said(problem)}</div>
        ))}
      </dd>
    </>
  );
}
