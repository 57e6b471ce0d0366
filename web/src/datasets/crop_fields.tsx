import { type FormState, NumberField, Row } from "../forms/fields";
import { PathField } from "../forms/path_field";
import { useText } from "../text/text";
import type { DatasetForm } from "./dataset_form";

/** Where the rectangles stand, and how they are dealt out. */
export function CropFields({ form }: { form: FormState<DatasetForm> }) {
  const { t } = useText();
  return (
    <>
      <PathField
        form={form}
        name="crops"
        kind="file"
        accept={/\.(csv|txt|tsv|lst)$/i}
        label={t("field.crops")}
        help={t("field.crops.help")}
        placeholder="/data/crops.csv"
        required
      />
      <PathField
        form={form}
        name="list_root"
        kind="folder"
        label={t("field.list_root")}
        help={t("field.list_root.help")}
        placeholder="/data"
      />
      <Row>
        <NumberField
          form={form}
          name="percent_val"
          label={t("field.percent_val")}
          help={t("field.percent_val.help")}
          suffix=" %"
          min={0}
          max={100}
        />
        <NumberField
          form={form}
          name="percent_test"
          label={t("field.percent_test")}
          help={t("field.percent_test.help")}
          suffix=" %"
          min={0}
          max={100}
        />
      </Row>
      <Row>
        <NumberField
          form={form}
          name="min_per_class"
          label={t("field.min_per_class")}
          help={t("field.min_per_class.help")}
          min={1}
        />
        <NumberField
          form={form}
          name="max_per_class"
          label={t("field.max_per_class")}
          help={t("field.max_per_class.help")}
          placeholder={t("field.no_limit")}
          min={1}
        />
      </Row>
    </>
  );
}
