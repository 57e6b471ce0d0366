import { Switch } from "@mantine/core";
import type { FormField } from "../api/client";
import { ChoiceField, type FormState, NumberField, SecretField, TextField, useFieldText } from "./fields";
import { type Typed, typed_default } from "./form_fields";
import { PathField } from "./path_field";

interface Props {
  fields: FormField[];
  typed: Typed;
  change: (part: Typed) => void;
  /** The message at a path of the spec. */
  error: (path: string) => string | undefined;
  /** What there is to choose from in a text field, where the page knows it. */
  options?: Record<string, { value: string; label: string }[]>;
}

/** Fields that the page knows nothing of but what the server declares. */
export function DeclaredFields({ fields, typed, change, error, options = {} }: Props) {
  const by_path = new Map(fields.map((field) => [field.path, field]));
  const defaults = Object.fromEntries(fields.map((field) => [field.path, typed_default(field)]));
  const form: FormState<Typed> = {
    values: { ...defaults, ...typed },
    change: (part) => change(part as Typed),
    error,
    field: (path) => by_path.get(path),
  };
  return fields.map((field) =>
    options[field.path] ? (
      <ChoiceField key={field.path} form={form} name={field.path} options={options[field.path]} />
    ) : (
      <DeclaredField key={field.path} form={form} field={field} />
    ),
  );
}

function DeclaredField({ form, field }: { form: FormState<Typed>; field: FormField }) {
  const text = useFieldText();
  const { path: name, required } = field;
  if (field.type === "boolean")
    return (
      <Switch
        name={name}
        label={text.label(field)}
        description={text.help(field)}
        checked={form.values[name] === "true"}
        onChange={(event) => form.change({ [name]: String(event.currentTarget.checked) })}
      />
    );
  if (field.secret) return <SecretField form={form} name={name} required={required} />;
  if (field.type === "choice") return <ChoiceField form={form} name={name} />;
  if ((field.type === "integer" || field.type === "number") && field.word === "")
    return <NumberField form={form} name={name} />;
  if (field.place === "folder" || field.place === "file")
    return <PathField form={form} name={name} kind={field.place} label={text.label(field)} required={required} />;
  return <TextField form={form} name={name} required={required} />;
}
