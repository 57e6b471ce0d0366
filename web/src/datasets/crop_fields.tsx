import type { FormState } from "../forms/fields";
import type { DatasetForm } from "./dataset_form";
import { LimitFields, ShareFields } from "./limit_fields";
import { ListField, ListRootField } from "./list_fields";

/** Where the rectangles stand, and how they are dealt out. */
export function CropFields({ form }: { form: FormState<DatasetForm> }) {
  return (
    <>
      <ListField form={form} name="crops" placeholder="/data/crops.csv" required />
      <ListRootField form={form} />
      <ShareFields form={form} />
      <LimitFields form={form} />
    </>
  );
}
