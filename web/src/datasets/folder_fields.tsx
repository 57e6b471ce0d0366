import { type FormState, SwitchField } from "../forms/fields";
import { PathField } from "../forms/path_field";
import { useText } from "../text/text";
import type { DatasetForm } from "./dataset_form";
import { LimitFields, ShareFields } from "./limit_fields";
import { UploadFields } from "./upload_fields";

/** A folder of the server's machine or of this computer, and how its images are dealt out. */
export function FolderFields({ form }: { form: FormState<DatasetForm> }) {
  const { values } = form;
  return (
    <>
      {values.source === "upload" && (
        <UploadFields
          path={values.uploaded}
          on_done={(uploaded, name) =>
            form.change({ uploaded, upload_names: { ...values.upload_names, [uploaded]: name } })
          }
        />
      )}
      {values.source === "folder" && (
        <PathField form={form} name="path" kind="folder" placeholder="/data/mnist/train" required />
      )}
      <ShareFields form={form} folders />
      <OwnFolder form={form} split="val" />
      <OwnFolder form={form} split="test" />
      <LimitFields form={form} />
    </>
  );
}

/** A split may come from a folder of its own. */
function OwnFolder({ form, split }: { form: FormState<DatasetForm>; split: "val" | "test" }) {
  const { t } = useText();
  return (
    <>
      <SwitchField
        form={form}
        name={`own_${split}`}
        label={t(`field.own_${split}`)}
        help={t(`field.own_${split}.help`)}
      />
      {form.values[`own_${split}`] && (
        <>
          <PathField form={form} name={`${split}_path`} kind="folder" placeholder={`/data/mnist/${split}`} />
          <LimitFields form={form} split={split} />
        </>
      )}
    </>
  );
}
