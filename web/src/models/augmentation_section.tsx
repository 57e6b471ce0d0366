import { Skeleton, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answer, client } from "../api/client";
import { useDataset, useTask } from "../api/queries";
import { ChoiceField, Folded, type FormState, NumberField, Row } from "../forms/fields";
import { useDebounced } from "../frame/page_states";
import { useText } from "../text/text";
import { lazy_part } from "../views/lazy_part";
import type { ExampleTarget } from "../views/target_layer";
import type { ClassNames } from "../views/view";
import { augmentation_numbers, augmentation_of, augmentation_places, wanted_changes } from "./augmentation_form";
import type { ModelForm } from "./model_form";
import "./augmentation.css";

const TargetLayer = lazy_part(() => import("../views/target_layer"), "TargetLayer", 0);

/** Boxes or masks of an image of the example. */
interface Targets {
  original_target?: ExampleTarget;
  variant_targets?: ExampleTarget[];
}

/** Tasks whose targets have places in an image, so that parts of four images can be combined. */
const with_places = ["detection", "segmentation", "processing"];

/** How images are varied while training, with what that makes of some images of the dataset. */
export function AugmentationSection({ form }: { form: FormState<ModelForm> }) {
  const { t, listed } = useText();
  const { values } = form;
  const dataset = useDataset(values.dataset_id, values.dataset_id !== "").data?.dataset;
  const task = useTask(values.dataset_id);
  // Of a model that is cloned it stays until it is 0.
  const offered = augmentation_numbers.filter(
    (name) => name !== "mosaic" || with_places.includes(task ?? "") || Number(values.mosaic) !== 0,
  );
  const changes = wanted_changes(values);
  const title = changes.length > 0 ? listed(changes.map((name) => t(`augment.${name}`))) : t("augment.none");
  return (
    <Folded
      title={t("section.augmentation")}
      values={title}
      faulty={Object.keys(augmentation_places).some((name) => form.error(name as keyof ModelForm) !== undefined)}
    >
      {dataset?.storage.backend === "hdf5" && (
        <Text size="sm" c={changes.length > 0 ? "red" : "dimmed"}>
          {t("augment.hdf5")}
        </Text>
      )}
      <Row>
        <ChoiceField form={form} name="flip" />
        <ChoiceField form={form} name="turns" />
        {offered.map((name) => (
          <NumberField key={name} form={form} name={name} />
        ))}
      </Row>
      {dataset?.storage.backend !== "hdf5" && <Preview values={values} />}
    </Folded>
  );
}

function Preview({ values }: { values: ModelForm }) {
  const { t, said_error } = useText();
  const id = values.dataset_id;
  const dataset = useDataset(id, id !== "").data?.dataset;
  const crop = Number(values.crop_size);
  const asked = useDebounced(
    {
      augmentation: augmentation_of(values),
      crop_size: values.crop_size.trim() !== "" && crop >= 1 ? crop : null,
      mean: values.mean,
    },
    300,
  );
  const example = useQuery({
    queryKey: ["augment-example", id, asked],
    enabled: Boolean(dataset),
    retry: false,
    placeholderData: keepPreviousData,
    gcTime: 10_000,
    queryFn: ({ signal }) =>
      answer(client.POST("/datasets/{id}/augment-example", { params: { path: { id } }, body: asked, signal })),
  });
  if (!dataset) {
    return (
      <Text size="sm" c="dimmed">
        {t("augment.choose_dataset")}
      </Text>
    );
  }
  if (example.error)
    return (
      <Text size="sm" c="red">
        {said_error(example.error)}
      </Text>
    );
  if (!example.data) return <Skeleton height={200} />;
  const { images, width, height } = example.data;
  const names = { labels: dataset.labels, palette: (dataset as { palette?: string[] }).palette ?? [] };
  return (
    <figure style={{ margin: 0 }} data-testid="augment-example">
      <div
        className="augment-grid"
        data-stale={example.isPlaceholderData}
        tabIndex={0}
        role="region"
        aria-label={t("section.augmentation")}
      >
        {images.map((image) => {
          const { record, label, original, variants } = image;
          const { original_target, variant_targets } = image as Targets;
          const name = dataset.labels[label] ?? t("raw.sample", { index: String(record) });
          return (
            <div key={record} className="augment-row">
              <Tile
                src={original}
                alt={`${name}, ${t("augment.original")}`}
                target={original_target}
                names={names}
                is_original
              />
              {variants.map((variant, i) => (
                <Tile
                  key={i}
                  src={variant}
                  alt={`${name}, ${t("augment.epoch", { epoch: i + 1 })}`}
                  target={variant_targets?.[i]}
                  names={names}
                />
              ))}
            </div>
          );
        })}
      </div>
      <Text component="figcaption" size="xs" c="dimmed">
        {t("augment.caption", { size: `${width} × ${height}` })}
      </Text>
    </figure>
  );
}

interface TileProps {
  src: string;
  alt: string;
  target: ExampleTarget | undefined;
  names: ClassNames;
  is_original?: boolean;
}

/** An image with the boxes or the mask that a training would see upon it. */
function Tile({ src, alt, target, names, is_original = false }: TileProps) {
  return (
    <span className="augment-tile" data-original={is_original}>
      <img className="augment-image" src={src} alt={alt} />
      {target && <TargetLayer target={target} names={names} />}
    </span>
  );
}
