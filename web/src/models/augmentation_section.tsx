import { Skeleton, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { answer, client } from "../api/client";
import { useDataset } from "../api/queries";
import { ChoiceField, Folded, type FormState, NumberField, Row } from "../forms/fields";
import { useDebounced } from "../frame/page_states";
import { useText } from "../text/text";
import { augmentation_numbers, augmentation_of, wanted_changes } from "./augmentation_form";
import type { ModelForm } from "./model_form";
import "./augmentation.css";

/** How images are varied while training, with what that makes of some images of the dataset. */
export function AugmentationSection({ form }: { form: FormState<ModelForm> }) {
  const { t, listed } = useText();
  const { values } = form;
  const dataset = useDataset(values.dataset_id, values.dataset_id !== "").data?.dataset;
  const changes = wanted_changes(values);
  const title = changes.length > 0 ? listed(changes.map((name) => t(`augment.${name}`))) : t("augment.none");
  return (
    <Folded title={t("section.augmentation")} values={title}>
      {dataset?.storage.backend === "hdf5" && (
        <Text size="sm" c={changes.length > 0 ? "red" : "dimmed"}>
          {t("augment.hdf5")}
        </Text>
      )}
      <Row>
        <ChoiceField form={form} name="flip" />
        <ChoiceField form={form} name="turns" />
        {augmentation_numbers.map((name) => (
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
  const { pictures, width, height } = example.data;
  return (
    <figure style={{ margin: 0 }} data-testid="augment-example">
      <div className="augment-grid" style={{ opacity: example.isPlaceholderData ? 0.6 : 1 }}>
        {pictures.map(({ record, label, original, variants }) => (
          <div key={record} className="augment-row">
            <img
              className="augment-image augment-original"
              src={original}
              alt={`${dataset.labels[label] ?? label}, ${t("augment.original")}`}
            />
            {variants.map((variant, i) => (
              <img
                key={i}
                className="augment-image"
                src={variant}
                alt={`${dataset.labels[label] ?? label}, ${t("augment.epoch", { epoch: i + 1 })}`}
              />
            ))}
          </div>
        ))}
      </div>
      <Text component="figcaption" size="xs" c="dimmed">
        {t("augment.caption", { size: `${width} × ${height}` })}
      </Text>
    </figure>
  );
}
