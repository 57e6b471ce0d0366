import type { FormState } from "../forms/fields";
import { PathField } from "../forms/path_field";
import { useText } from "../text/text";
import type { DatasetForm } from "./dataset_form";
import { SendListButton } from "./send_list_button";

interface Props {
  form: FormState<DatasetForm>;
  name: "list_train" | "list_val" | "list_test" | "list_labels" | "crops";
  help: string;
  placeholder: string;
  required?: boolean;
}

/** A text file of the server's machine, or sent there from this computer. */
export function ListField({ form, name, help, placeholder, required }: Props) {
  const { t } = useText();
  const label = t(`field.${name}`);
  return (
    <PathField
      form={form}
      name={name}
      kind="file"
      accept={/\.(txt|csv|tsv|lst)$/i}
      label={label}
      help={help}
      placeholder={placeholder}
      required={required}
    >
      <SendListButton label={label} on_done={(path) => form.change({ [name]: path })} />
    </PathField>
  );
}

/** The folder before relative paths. */
export function ListRootField({ form }: { form: FormState<DatasetForm> }) {
  const { t } = useText();
  return (
    <PathField
      form={form}
      name="list_root"
      kind="folder"
      label={t("field.list_root")}
      help={t("field.list_root.help")}
      placeholder="/data"
    />
  );
}

/** One list a split, and the names of the classes. */
export function ListFields({ form }: { form: FormState<DatasetForm> }) {
  const { t } = useText();
  return (
    <>
      <ListField form={form} name="list_train" help={t("field.list.help")} placeholder="/data/train.txt" required />
      <ListField form={form} name="list_val" help={t("field.list_val.help")} placeholder="/data/val.txt" />
      <ListField form={form} name="list_test" help={t("field.list_val.help")} placeholder="/data/test.txt" />
      <ListField
        form={form}
        name="list_labels"
        help={t("field.list_labels.help")}
        placeholder="/data/labels.txt"
        required
      />
      <ListRootField form={form} />
    </>
  );
}
