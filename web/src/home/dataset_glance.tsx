import { useState } from "react";
import type { Job } from "../api/client";
import { useDataset } from "../api/queries";
import { image_url } from "../datasets/image_url";
import { useText } from "../text/text";
import { small_px } from "../views/sample_image";

/** The first images of a dataset; training images come in random order, so they are of several classes. */
export function DatasetThumbs({ job }: { job: Job }) {
  const [failed, set_failed] = useState(false);
  const [small, set_small] = useState(false);
  if (job.state !== "done" || failed) return null;
  return (
    <span className="thumbs">
      {[0, 1, 2].map((index) => (
        <img
          key={index}
          loading="lazy"
          decoding="async"
          src={image_url(job.id, "train", index)}
          alt=""
          data-small={small}
          onLoad={({ currentTarget }) => set_small(currentTarget.naturalWidth < small_px)}
          onError={() => set_failed(true)}
        />
      ))}
    </span>
  );
}

/** `60,000 images · 10 classes · 28 × 28, Grayscale` */
export function DatasetGlance({ job }: { job: Job }) {
  const { t } = useText();
  const dataset = useDataset(job.id, job.state === "done").data?.dataset;
  if (!dataset) return null;
  const count = Object.values(dataset.splits).reduce((sum, split) => sum + split.count, 0);
  const { width, height, channels } = dataset.image;
  return (
    <p className="glance">
      {[
        t("list.images", { n: count }),
        dataset.labels.length > 0 && t("list.classes", { n: dataset.labels.length }),
        `${width} × ${height} ${t(channels === 1 ? "channels.1" : "channels.3")}`,
      ]
        .filter(Boolean)
        .join(" · ")}
    </p>
  );
}
