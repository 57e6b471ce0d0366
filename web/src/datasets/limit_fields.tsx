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
      <NumberField form={form} name={least} help={split && ""} placeholder={split && t("field.as_training")} />
      <NumberField
        form={form}
        name={most}
        help={split && ""}
        placeholder={t(split ? "field.as_training" : "field.no_limit")}
        min={split ? undefined : 1}
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
          help={t(`field.percent_${split}.of_classes`)}
          disabled={folders && form.values[`own_${split}`]}
        />
      ))}
    </Row>
  );
}
