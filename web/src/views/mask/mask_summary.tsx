import { Stack } from "@mantine/core";
import type { Dataset, DatasetFacts } from "../../api/client";
import { ClassBars } from "../classes/class_histogram";
import { useFirstSamples } from "../overlay/first_samples";
import { SizeBars } from "../overlay/size_bars";
import { mask_colour } from "./masks";

/** Pixels of each class. */
export function MaskSummary({ data, dataset }: { data: Dataset; dataset: DatasetFacts }) {
  const samples = useFirstSamples(data.job.id, dataset.splits);
  const palette = dataset.palette ?? [];
  return (
    <Stack gap="md">
      <ClassBars
        labels={dataset.labels}
        counts={Object.fromEntries(
          Object.entries(dataset.splits).map(([name, split]) => [name, split.pixels_per_class ?? split.per_class]),
        )}
        name={data.job.name}
        summary="mask.histogram"
        even="mask.histogram_even"
        colour_of={(index) => mask_colour(index, palette)}
      />
      {samples && <SizeBars samples={samples} />}
    </Stack>
  );
}
