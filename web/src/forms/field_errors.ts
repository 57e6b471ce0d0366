import type { Problem } from "../api/client";

/** Where a problem is, if that says more than its message: not the place in a request, which only programs know. */
export function shown_place(where: string): string {
  return /^\/(spec|source|image|storage|solver|network|augmentation|name|group|paths|urls)(\/|:|$)/.test(where)
    ? ""
    : where;
}

export interface FieldErrors {
  /** Message at a field, by the field's place in the request, for instance `/spec/image/width`. */
  at: Record<string, string>;
  /** What belongs to no field on the page. */
  rest: Problem | null;
}

/**
 * Puts a problem at the field that caused it. `fields`: place in the request → what is typed there.
 * A `where` that is no place in the request may be a file that one of the fields names.
 */
export function field_errors(problem: Problem | null | undefined, fields: Record<string, string>): FieldErrors {
  if (!problem) return { at: {}, rest: null };
  const where = problem.where;
  const message = problem.advice ? `${problem.detail}. ${problem.advice}` : problem.detail;
  const places = Object.keys(fields);
  const place =
    places.find((candidate) => candidate === where) ??
    longest(places.filter((candidate) => where.startsWith(`${candidate}/`) || where.startsWith(`${candidate}:`))) ??
    (where === ""
      ? undefined
      : places.find((candidate) => candidate.endsWith(where.startsWith("/") ? where : `/${where}`))) ??
    longest(places.filter((candidate) => names_file(fields[candidate] ?? "", where)));
  return place ? { at: { [place]: message }, rest: null } : { at: {}, rest: problem };
}

function names_file(typed: string, where: string): boolean {
  return (
    typed.startsWith("/") &&
    typed.length > 1 &&
    (where === typed || where.startsWith(`${typed}:`) || where.startsWith(`${typed}/`))
  );
}

function longest(candidates: string[]): string | undefined {
  return candidates.sort((a, b) => b.length - a.length)[0];
}
