import type { Problem } from "../api/client";

/** Where a problem is, if that says more than its message: not the place in a request, which only programs know. */
export function shown_place(where: string): string {
  const place =
    /^(\?|\/(spec|source|image|storage|solver|network|augmentation|name|group|paths|urls)(\/|:|$)|\/folder$)/;
  return place.test(where) ? "" : where;
}

export interface FieldErrors {
  /** Message at a field, by the field's place in the request, for instance `/spec/image/width`. */
  at: Record<string, string>;
  /** What belongs to no field on the page. */
  rest: Problem | null;
}

/**
 * Puts a problem at the field that caused it, and all that is wrong with others at theirs. `fields`: place in the
 * request → what is typed there. A `where` that is not a place in the request may be a file that one of the fields names.
 */
export function field_errors(problem: Problem | null | undefined, fields: Record<string, string>): FieldErrors {
  if (!problem) return { at: {}, rest: null };
  const at: Record<string, string> = {};
  for (const fault of problem.faults ?? [problem]) {
    const place = place_of(fault.where, fields);
    if (place !== undefined) at[place] ??= fault.advice ? `${fault.detail}. ${fault.advice}` : fault.detail;
  }
  return { at, rest: place_of(problem.where, fields) === undefined ? problem : null };
}

/** The field that a place in a request, or a file, belongs to. */
function place_of(where: string, fields: Record<string, string>): string | undefined {
  const places = Object.keys(fields);
  return (
    places.find((candidate) => candidate === where) ??
    longest(places.filter((candidate) => where.startsWith(`${candidate}/`) || where.startsWith(`${candidate}:`))) ??
    (where === ""
      ? undefined
      : places.find((candidate) => candidate.endsWith(where.startsWith("/") ? where : `/${where}`))) ??
    longest(places.filter((candidate) => names_file(fields[candidate] ?? "", where)))
  );
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
