import {
  Accordion,
  Group,
  NumberInput,
  PasswordInput,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { type ReactNode, useEffect, useId, useState } from "react";
import type { FormField } from "../api/client";
import { useText } from "../text/text";
import type { FieldErrors } from "./field_errors";
import { step_of, suffix_of } from "./form_fields";
import "./forms.css";

/** What a form hands to its fields: values, a way to change them, the messages at them, and what the server declares. */
export interface FormState<T> {
  values: T;
  change: (part: Partial<T>) => void;
  error: (name: keyof T) => string | undefined;
  field: (name: keyof T) => FormField | undefined;
}

/** The texts of declared fields: those of the page by their keys, else as the server says them. */
export function useFieldText() {
  const { translated, known_text } = useText();
  const label = ({ key, label: declared }: FormField) => translated(key) ?? declared;
  /** Of the key `field.resize`: the text `resize.crop`. */
  const choice = ({ key }: FormField, word: string) => {
    const place = `${key.replace(/^field\./, "")}.${word}`;
    return translated(place) ?? known_text(place) ?? word;
  };
  return {
    label,
    label_of: (field: FormField | undefined) => (field ? label(field) : ""),
    help: ({ key, help }: FormField) => (help === "" ? undefined : (translated(`${key}.help`) ?? help)),
    choices: (field: FormField | undefined) => {
      const words = field?.choices.length ? field.choices : (field?.numbers ?? []).map(String);
      return field ? words.map((value) => ({ value, label: choice(field, value) })) : [];
    },
  };
}

/** What the page says itself, or else what the server declares. */
function useDeclared<T>({ form, name, label, help }: FieldProps<T>) {
  const text = useFieldText();
  const field = form.field(name);
  return {
    field,
    label: label ?? (field ? text.label(field) : name),
    help: help ?? (field ? text.help(field) : undefined),
  };
}

type TextName<T> = { [K in keyof T]: T[K] extends string ? K : never }[keyof T] & string;

interface FieldProps<T> {
  form: FormState<T>;
  name: TextName<T>;
  /** Absent: as declared. */
  label?: string;
  help?: ReactNode;
}

export interface TextFieldProps<T> extends FieldProps<T> {
  placeholder?: string;
  required?: boolean;
  mono?: boolean;
}

export function TextField<T>(props: TextFieldProps<T>) {
  const { form, name, placeholder, required, mono } = props;
  const { label, help } = useDeclared(props);
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

/** What the server shows to nobody again, and the browser keeps in no draft. */
export function SecretField<T>(props: FieldProps<T> & { required?: boolean }) {
  const { form, name, required } = props;
  const { label, help } = useDeclared(props);
  return (
    <PasswordInput
      name={name}
      label={label}
      description={help}
      withAsterisk={required}
      autoComplete="off"
      value={form.values[name] as string}
      error={form.error(name)}
      onChange={(event) => form.change({ [name]: event.currentTarget.value } as Partial<T>)}
    />
  );
}

export function NumberField<T>(
  props: FieldProps<T> & {
    placeholder?: string;
    /** Where it differs from the declared one. */
    min?: number;
    step?: number;
    disabled?: boolean;
  },
) {
  const { form, name, placeholder, min, step, disabled } = props;
  const { field, label, help } = useDeclared(props);
  return (
    <NumberInput
      name={name}
      label={label}
      description={help}
      suffix={field && suffix_of(field)}
      placeholder={placeholder}
      min={min ?? field?.minimum ?? undefined}
      max={field?.maximum ?? undefined}
      step={step ?? (field && step_of(field))}
      disabled={disabled}
      clampBehavior="none"
      value={form.values[name] as string}
      error={form.error(name)}
      onChange={(value) => form.change({ [name]: String(value) } as Partial<T>)}
    />
  );
}

interface ChoiceProps<T> extends FieldProps<T> {
  /** Absent: as declared. */
  options?: { value: string; label: string }[];
}

export function ChoiceField<T>(props: ChoiceProps<T>) {
  const { form, name } = props;
  const { field, label, help } = useDeclared(props);
  const declared = useFieldText().choices(field);
  const options = props.options ?? declared;
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

export function SegmentField<T>(props: ChoiceProps<T>) {
  const { form, name } = props;
  const { field, label, help } = useDeclared(props);
  const declared = useFieldText().choices(field);
  const options = props.options ?? declared;
  const error = form.error(name);
  return (
    <Stack gap={4}>
      <Text size="sm" fw={550} id={`label-${name}`}>
        {label}
      </Text>
      <Group>
        <SegmentedControl
          className="segments"
          aria-labelledby={`label-${name}`}
          data={options}
          value={form.values[name] as string}
          onChange={(value) => form.change({ [name]: value } as Partial<T>)}
        />
      </Group>
      {help && (
        <Text size="xs" c="dimmed">
          {help}
        </Text>
      )}
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
  label?: string;
  help?: string;
}) {
  const text = useFieldText();
  const field = form.field(name);
  return (
    <Switch
      name={name}
      label={label ?? (field && text.label(field))}
      description={help ?? (field && text.help(field))}
      checked={form.values[name] as boolean}
      onChange={(event) => form.change({ [name]: event.currentTarget.checked } as Partial<T>)}
    />
  );
}

/** A part of a form, which the list of sections leads to. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className="card form-section" aria-labelledby={id} data-section={title}>
      <Title order={2} id={id}>
        {title}
      </Title>
      <Stack gap="md">{children}</Stack>
    </section>
  );
}

/** The sections of the form beside it, as links; it follows what the form has. */
export function SectionList() {
  const { t } = useText();
  const [sections, set_sections] = useState<HTMLElement[]>([]);
  useEffect(() => set_sections([...document.querySelectorAll<HTMLElement>("[data-section]")]), []);
  return (
    <nav className="section-list" aria-label={t("section.list")}>
      {sections.map((section) => (
        <a
          key={section.dataset.section}
          href={`#${section.dataset.section}`}
          onClick={(event) => {
            event.preventDefault();
            section.scrollIntoView({ block: "start" });
            section.querySelector<HTMLElement>("input, button, textarea")?.focus({ preventScroll: true });
          }}
        >
          {section.dataset.section}
        </a>
      ))}
    </nav>
  );
}

/** What is wrong with fields, beside the button that sends them. */
export function FieldErrorList({ errors }: { errors: FieldErrors }) {
  const messages = [...new Set(Object.values(errors.at))];
  if (messages.length === 0) return null;
  return (
    <div role="alert">
      {messages.map((message) => (
        <Text size="sm" c="red" key={message}>
          {message}
        </Text>
      ))}
    </div>
  );
}

/** Seldom-needed fields: folded, with their values in the title; open as soon as one of them is refused. */
export function Folded({
  title,
  values,
  section = false,
  faulty = false,
  children,
}: {
  title: string;
  values: string;
  /** It stands in the list of sections by itself. */
  section?: boolean;
  /** Something inside is marked. */
  faulty?: boolean;
  children: ReactNode;
}) {
  const [open, set_open] = useState<string | null>(null);
  useEffect(() => {
    if (faulty) set_open("open");
  }, [faulty]);
  return (
    <Accordion
      variant="contained"
      value={open}
      onChange={set_open}
      keepMounted={false}
      className="card folded"
      data-section={section ? title : undefined}
    >
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
  return <div className="form-row">{children}</div>;
}
