import { useQuery } from "@tanstack/react-query";
import { answer, client, type FormField } from "../api/client";

export type FormKind = "dataset" | "model" | "evaluation" | "model_export" | "publication";

/** Declared fields by their place in the spec: `/image/width`. */
export type FieldsByPath = ReadonlyMap<string, FormField>;

/** The fields of a spec as the server declares them; undefined until they are there. */
export function useFormFields(kind: FormKind): FormField[] | undefined {
  const form = useQuery({
    queryKey: ["form", kind],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => answer(client.GET("/forms/{kind}", { params: { path: { kind } } })),
  });
  return form.data?.fields;
}

/** All fields, with those of the named variant before those of the others: variants may share a path. */
export function fields_by_path(fields: FormField[], variant = ""): FieldsByPath {
  const found = new Map<string, FormField>();
  const add = (field: FormField) => {
    if (!found.has(field.path)) found.set(field.path, field);
  };
  for (const field of fields) {
    add(field);
    const chosen = field.variants.filter(({ name }) => name === variant);
    for (const one of [...chosen, ...field.variants]) for (const inner of one.fields) add(inner);
  }
  return found;
}

/** A declared default as it stands in a text field. */
export function typed_default({ default: value }: FormField): string {
  if (value === null || value === undefined) return "";
  return Array.isArray(value) ? value.join(", ") : String(value);
}

/**
 * A form's values with the declared defaults. `places`: where each value stands in the request, `/spec/image/width`;
 * `zero_is_empty`: fields that stay empty for 0.
 */
export function with_defaults<T extends object>(
  form: T,
  places: Partial<Record<keyof T, string>>,
  fields: FieldsByPath,
  zero_is_empty: readonly (keyof T)[] = [],
): T {
  const values: Record<string, unknown> = { ...(form as Record<string, unknown>) };
  for (const [name, place] of Object.entries(places) as [string, string][]) {
    const field = fields.get(place.replace(/^\/spec/, ""));
    if (!field) continue;
    if (typeof values[name] === "boolean") values[name] = field.default === true;
    else values[name] = zero_is_empty.includes(name as keyof T) && field.default === 0 ? "" : typed_default(field);
  }
  return values as T;
}

/** How far one click on the arrows of a number goes. */
export function step_of({ type, minimum, maximum }: FormField): number | undefined {
  if (type !== "number" || maximum === null) return undefined;
  const span = maximum - (minimum ?? 0);
  return span <= 1 ? 0.01 : span <= 10 ? 0.1 : 1;
}

/** What stands behind a number: " px", "°". */
export function suffix_of({ unit }: FormField): string | undefined {
  return unit === "" ? undefined : unit === "°" ? unit : ` ${unit}`;
}

/** A number as typed; what is not a number goes to the server as it is, whose error then names the field. */
export function typed_number(text: string): number | string {
  const trimmed = text.trim();
  const number = Number(trimmed);
  return trimmed !== "" && Number.isFinite(number) ? number : trimmed;
}

/** An empty field means `when_empty`. */
export function optional_number<T>(text: string, when_empty: T): number | string | T {
  return text.trim() === "" ? when_empty : typed_number(text);
}

/** `0,01` is 0.01: a single 0 with digits right behind its comma. */
export function decimal(text: string): string {
  return text.replace(/(?<![^\s;,])0,(\d+)(?![^\s;,])/g, "0.$1");
}

/** The numbers between commas or blanks. */
export function number_list(text: string): (number | string)[] {
  return decimal(text)
    .split(/[\s,;]+/)
    .filter((part) => part !== "")
    .map(typed_number);
}

/** What is typed into declared fields, by their path; a path that is absent has the declared default. */
export type Typed = Record<string, string>;

/** The declared fields that a page draws from their declaration alone: those that stand at none of its own places. */
export function other_fields(fields: FormField[], places: Partial<Record<string, string>>): FormField[] {
  const own = new Set(Object.values(places).map((place) => place?.replace(/^\/spec/, "")));
  return fields.filter(({ path, type }) => !own.has(path) && type !== "variant" && type !== "json" && path !== "/type");
}

/** The value at a JSON path. */
export function value_at(spec: unknown, path: string): unknown {
  return path
    .split("/")
    .slice(1)
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], spec);
}

function place_at(spec: Record<string, unknown>, path: string, value: unknown): void {
  const names = path.split("/").slice(1);
  const last = names.pop() ?? "";
  let object = spec;
  for (const name of names) {
    object[name] ??= {};
    object = object[name] as Record<string, unknown>;
  }
  object[last] = value;
}

/** Whether the field matters with the other choices of the spec. */
export function matters({ when, default_by }: FormField, spec: unknown): boolean {
  if (default_by !== null && !(String(value_at(spec, default_by.path)) in default_by.values)) return false;
  return when === null || String(value_at(spec, when.path)) === when.value;
}

/** Puts what is typed into a spec. An empty field is left out: its default holds; a required one has none on the server. */
export function put_typed(spec: Record<string, unknown>, fields: FormField[], typed: Typed): void {
  for (const field of fields) {
    const text = (typed[field.path] ?? (field.required ? typed_default(field) : "")).trim();
    if (text === "" || !matters(field, spec)) continue;
    if (field.type === "boolean") place_at(spec, field.path, text === "true");
    else if (field.type === "integer" || field.type === "number") place_at(spec, field.path, typed_number(text));
    else if (field.type === "list") place_at(spec, field.path, number_list(text));
    else place_at(spec, field.path, text);
  }
}

/** What a spec has in these fields, as typed. */
export function typed_of(spec: unknown, fields: FormField[]): Typed {
  const typed: Typed = {};
  for (const { path } of fields) {
    const value = value_at(spec, path);
    if (value !== null && value !== undefined) typed[path] = Array.isArray(value) ? value.join(", ") : String(value);
  }
  return typed;
}

/** Whether each required field has something in it. */
export function has_required(fields: FormField[], typed: Typed): boolean {
  return fields.every((field) => !field.required || (typed[field.path] ?? typed_default(field)).trim() !== "");
}

/** Whether one of the files and folders that fields may name is named, where there are such fields. */
export function names_place(fields: FormField[], typed: Typed): boolean {
  const places = fields.filter(({ place }) => place === "file" || place === "folder");
  return places.length === 0 || places.some(({ path }) => (typed[path] ?? "").trim() !== "");
}
