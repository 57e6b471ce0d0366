import type { FormState } from "../forms/fields";
import { useText } from "../text/text";
import type { DatasetForm } from "./dataset_form";
import { LimitFields, ShareFields } from "./limit_fields";
import { ListField, ListRootField } from "./list_fields";

/** Where the rectangles stand, and how they are dealt out. */
export function CropFields({ form }: { form: FormState<DatasetForm> }) {
  const { t } = useText();
  return (
    <>
      <ListField form={form} name="crops" help={t("field.crops.help")} placeholder="/data/crops.csv" required />
      <ListRootField form={form} />
      <ShareFields form={form} />
      <LimitFields form={form} />
    </>
  );
}
