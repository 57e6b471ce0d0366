import { Skeleton, Stack } from "@mantine/core";
import type { Dataset, DatasetFacts } from "../../api/client";
import { image_url } from "../../datasets/image_url";
import { useFirstSamples } from "../overlay/first_samples";
import { SizeBars } from "../overlay/size_bars";
import { ImageLargeSample } from "./image_parts";

const most_pairs = 3;

/** The first samples with the outputs wanted. */
export function ImageSummary({ data, dataset }: { data: Dataset; dataset: DatasetFacts }) {
  const samples = useFirstSamples(data.job.id, dataset.splits);
  const split = ["train", "val", "test"].find((name) => name in dataset.splits) ?? "train";
  if (!samples) return <Skeleton height={300} />;
  return (
    <Stack gap="md">
      {samples.slice(0, most_pairs).map((item) => (
        <ImageLargeSample
          key={item.index}
          item={item}
          src={image_url(data.job.id, split, item.index)}
          names={{ labels: [], palette: [] }}
        />
      ))}
      <SizeBars samples={samples} />
    </Stack>
  );
}
