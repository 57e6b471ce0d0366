import { type FormState, NumberField, Row } from "../forms/fields";
import { useText } from "../text/text";
import type { DatasetForm } from "./dataset_form";

/** How many images a class must and may have; of a split's own folder, or of all. */
export function LimitFields({ form, split }: { form: FormState<DatasetForm>; split?: "val" | "test" }) {
  const { t } = useText();
  const least = split ? (`${split}_min_per_class` as const) : "min_per_class";
  const most = split ? (`${split}_max_per_class` as const) : "max_per_class";
  return (
    <Row>
      <NumberField
        form={form}
        name={least}
        label={t("field.min_per_class")}
        help={split ? undefined : t("field.min_per_class.help")}
        placeholder={split && t("field.as_training")}
        min={1}
      />
      <NumberField
        form={form}
        name={most}
        label={t("field.max_per_class")}
        help={split ? undefined : t("field.max_per_class.help")}
        placeholder={t(split ? "field.as_training" : "field.no_limit")}
        min={split ? 0 : 1}
      />
    </Row>
  );
}

/** What of each class is kept apart. */
export function ShareFields({ form, folders }: { form: FormState<DatasetForm>; folders?: boolean }) {
  const { t } = useText();
  return (
    <Row>
      {(["val", "test"] as const).map((split) => (
        <NumberField
          key={split}
          form={form}
          name={`percent_${split}`}
          label={t(`field.percent_${split}`)}
          help={t(`field.percent_${split}.help`)}
          suffix=" %"
          min={0}
          max={100}
          disabled={folders && form.values[`own_${split}`]}
        />
      ))}
    </Row>
  );
}
