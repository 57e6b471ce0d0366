import { is_share } from "./judged";

/** Numbers, durations, sizes and dates as the pages show them. `language` is a BCP 47 tag. */

export const nothing = "–";

/** To make a formatter costs many times its use. */
const dates = new Map<string, Intl.DateTimeFormat>();

function date_format(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${JSON.stringify(options)}`;
  const format = dates.get(key) ?? new Intl.DateTimeFormat(language, options);
  dates.set(key, format);
  return format;
}

/** Whole numbers are grouped as both languages do it: to fetch the browser's rules for that takes as long as to draw half a page. */
export function number(value: number, language: string): string {
  if (!Number.isSafeInteger(value)) return value.toLocaleString(language);
  return grouped(String(value));
}

/** Thousands are separated in front of the point. */
function grouped(digits: string): string {
  return digits.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ","));
}

export function whole(value: number | null | undefined, language = "en"): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return nothing;
  return number(Math.round(value), language);
}

export function percent(value: number | null | undefined, digits = 2): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return nothing;
  return `${(value * 100).toFixed(digits)} %`;
}

/** Four significant digits, without an exponent as long as that stays readable. */
export function significant(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return nothing;
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-4 || size >= 1e6) return value.toExponential(digits - 1).replace(/\.?0+e/, "e");
  return grouped(Number(value.toPrecision(digits)).toString());
}

/** What a series holds decides how its values read. */
export function metric(name: string, value: number | null | undefined): string {
  // DetectNet's layers count in percent, all others in parts of 1.
  if (is_share(name)) return percent(value !== null && value !== undefined && value > 1 ? value / 100 : value);
  if (/\bpsnr$/i.test(name) && value !== null && value !== undefined) return `${significant(value)} dB`;
  return significant(value);
}

export function rate(value: number | null | undefined, language = "en"): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return nothing;
  return value < 10 ? significant(value, 2) : whole(value, language);
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return nothing;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 99.95 ? size.toFixed(0) : size.toFixed(1)} ${units[unit]}`;
}

export interface DurationWords {
  d: string;
  h: string;
  min: string;
  s: string;
}

const english: DurationWords = { d: "d", h: "h", min: "min", s: "s" };

/** The two largest units: `3 min 20 s`, `2 h 5 min`, `18 s`, `0.4 s`. */
export function duration(seconds: number | null | undefined, words: DurationWords = english): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds) || seconds < 0) return nothing;
  if (seconds < 9.95 && seconds !== Math.round(seconds)) return `${seconds.toFixed(1)} ${words.s}`;
  const total = Math.round(seconds);
  if (total < 60) return `${total} ${words.s}`;
  if (total < 3600) return pair(Math.floor(total / 60), words.min, total % 60, words.s);
  const minutes = Math.round(total / 60);
  if (minutes < 1440) return pair(Math.floor(minutes / 60), words.h, minutes % 60, words.min);
  const hours = Math.round(minutes / 60);
  return pair(Math.floor(hours / 24), words.d, hours % 24, words.h);
}

function pair(large: number, large_unit: string, small: number, small_unit: string): string {
  return small === 0 ? `${large} ${large_unit}` : `${large} ${large_unit} ${small} ${small_unit}`;
}

export function seconds_between(
  from: string | null | undefined,
  to: string | null | undefined,
  now: number,
): number | null {
  if (!from) return null;
  return Math.max(0, ((to ? Date.parse(to) : now) - Date.parse(from)) / 1000);
}

/** `today 10:21`, `yesterday 09:00`, `3 Nov`, `3 Nov 2025`. */
export function date(
  iso: string | null | undefined,
  now: number,
  language: string,
  today: string,
  yesterday: string,
): string {
  if (!iso) return nothing;
  const when = new Date(iso);
  if (Number.isNaN(when.getTime())) return nothing;
  const clock = `${two_digits(when.getHours())}:${two_digits(when.getMinutes())}`;
  const days = Math.round((midnight(now) - midnight(when.getTime())) / 86_400_000);
  if (days === 0) return `${today} ${clock}`;
  if (days === 1) return `${yesterday} ${clock}`;
  const year = when.getFullYear() === new Date(now).getFullYear() ? undefined : "numeric";
  return `${date_format(language, { day: "numeric", month: "short", year }).format(when)} ${clock}`;
}

function two_digits(value: number): string {
  return String(value).padStart(2, "0");
}

function midnight(time: number): number {
  const day = new Date(time);
  day.setHours(0, 0, 0, 0);
  return day.getTime();
}

/** `2026-11-23 10:21:09`, as in the log. */
export function exact_date(iso: string | null | undefined): string {
  const when = new Date(iso ?? "");
  if (Number.isNaN(when.getTime())) return nothing;
  const day = [when.getFullYear(), when.getMonth() + 1, when.getDate()].map(two_digits).join("-");
  return `${day} ${[when.getHours(), when.getMinutes(), when.getSeconds()].map(two_digits).join(":")}`;
}
