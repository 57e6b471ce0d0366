import {
  Accordion,
  Fieldset,
  Group,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
} from "@mantine/core";
import type { ReactNode } from "react";

/** What a form hands to its fields: values, a way to change them, and the messages that stand at them. */
export interface FormState<T> {
  values: T;
  change: (part: Partial<T>) => void;
  error: (name: keyof T) => string | undefined;
}

type TextName<T> = { [K in keyof T]: T[K] extends string ? K : never }[keyof T] & string;

interface FieldProps<T> {
  form: FormState<T>;
  name: TextName<T>;
  label: string;
  help?: ReactNode;
}

export interface TextFieldProps<T> extends FieldProps<T> {
  placeholder?: string;
  required?: boolean;
  mono?: boolean;
}

export function TextField<T>({ form, name, label, help, placeholder, required, mono }: TextFieldProps<T>) {
  return (
    <TextInput
      name={name}
      label={label}
      description={help}
      placeholder={placeholder}
      withAsterisk={required}
      spellCheck={false}
      autoComplete="off"
      styles={mono ? { input: { fontFamily: "var(--mantine-font-family-monospace)" } } : undefined}
      value={form.values[name] as string}
      error={form.error(name)}
      onChange={(event) => form.change({ [name]: event.currentTarget.value } as Partial<T>)}
    />
  );
}

export function NumberField<T>({
  form,
  name,
  label,
  help,
  suffix,
  placeholder,
  min,
  max,
  step,
  disabled,
}: FieldProps<T> & {
  suffix?: string;
  placeholder?: string;
  min?: number;
  max?: number;
  step?: number;
  disabled?: boolean;
}) {
  return (
    <NumberInput
      name={name}
      label={label}
      description={help}
      suffix={suffix}
      placeholder={placeholder}
      min={min}
      max={max}
      step={step}
      disabled={disabled}
      clampBehavior="none"
      value={form.values[name] as string}
      error={form.error(name)}
      onChange={(value) => form.change({ [name]: String(value) } as Partial<T>)}
    />
  );
}

export function ChoiceField<T>({
  form,
  name,
  label,
  help,
  options,
}: FieldProps<T> & { options: { value: string; label: string }[] }) {
  return (
    <Select
      name={name}
      label={label}
      description={help}
      data={options}
      allowDeselect={false}
      value={form.values[name] as string}
      error={form.error(name)}
      onChange={(value) => value !== null && form.change({ [name]: value } as Partial<T>)}
    />
  );
}

export function SegmentField<T>({
  form,
  name,
  label,
  help,
  options,
}: FieldProps<T> & { options: { value: string; label: string }[] }) {
  const error = form.error(name);
  return (
    <Stack gap={4}>
      <Text size="sm" fw={500} id={`label-${name}`}>
        {label}
      </Text>
      {help && (
        <Text size="xs" c="dimmed">
          {help}
        </Text>
      )}
      <Group>
        <SegmentedControl
          className="segments"
          aria-labelledby={`label-${name}`}
          data={options}
          value={form.values[name] as string}
          onChange={(value) => form.change({ [name]: value } as Partial<T>)}
        />
      </Group>
      {error && (
        <Text size="xs" c="red">
          {error}
        </Text>
      )}
    </Stack>
  );
}

type FlagName<T> = { [K in keyof T]: T[K] extends boolean ? K : never }[keyof T] & string;

export function SwitchField<T>({
  form,
  name,
  label,
  help,
}: {
  form: FormState<T>;
  name: FlagName<T>;
  label: string;
  help?: string;
}) {
  return (
    <Switch
      name={name}
      label={label}
      description={help}
      checked={form.values[name] as boolean}
      onChange={(event) => form.change({ [name]: event.currentTarget.checked } as Partial<T>)}
    />
  );
}

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Fieldset legend={title}>
      <Stack gap="md">{children}</Stack>
    </Fieldset>
  );
}

/** Seldom-needed fields: folded, with their values in the title. */
export function Folded({ title, values, children }: { title: string; values: string; children: ReactNode }) {
  return (
    <Accordion variant="contained" keepMounted={false}>
      <Accordion.Item value="open">
        <Accordion.Control>
          <Text span size="sm" fw={600}>
            {title}
          </Text>{" "}
          <Text span size="sm" c="dimmed">
            {values}
          </Text>
        </Accordion.Control>
        <Accordion.Panel>
          <Stack gap="md">{children}</Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

export function Row({ children }: { children: ReactNode }) {
  return (
    <div
      style={{
        display: "grid",
        gridTemplateColumns: "repeat(auto-fit, minmax(180px, 1fr))",
        gap: 16,
        alignItems: "start",
      }}
    >
      {children}
    </div>
  );
}
