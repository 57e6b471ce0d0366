import { type FormState, useFieldText } from "../forms/fields";
import { PathField } from "../forms/path_field";
import type { DatasetForm } from "./dataset_form";
import { SendListButton } from "./send_list_button";

interface Props {
  form: FormState<DatasetForm>;
  name: "list_train" | "list_val" | "list_test" | "list_labels" | "crops";
  placeholder: string;
  required?: boolean;
}

/** A text file of the server's machine, or sent there from this computer. */
export function ListField({ form, name, placeholder, required }: Props) {
  const text = useFieldText();
  const field = form.field(name);
  return (
    <PathField
      form={form}
      name={name}
      kind="file"
      accept={/\.(txt|csv|tsv|lst)$/i}
      placeholder={placeholder}
      required={required}
    >
      <SendListButton label={field ? text.label(field) : name} on_done={(path) => form.change({ [name]: path })} />
    </PathField>
  );
}

/** The folder before relative paths. */
export function ListRootField({ form }: { form: FormState<DatasetForm> }) {
  return <PathField form={form} name="list_root" kind="folder" placeholder="/data" />;
}

/** One list a split, and the names of the classes. */
export function ListFields({ form }: { form: FormState<DatasetForm> }) {
  return (
    <>
      <ListField form={form} name="list_train" placeholder="/data/train.txt" required />
      <ListField form={form} name="list_val" placeholder="/data/val.txt" />
      <ListField form={form} name="list_test" placeholder="/data/test.txt" />
      <ListField form={form} name="list_labels" placeholder="/data/labels.txt" required />
      <ListRootField form={form} />
    </>
  );
}
