/** The metrics by which jobs of all tasks are judged: which there are, which way is better, how they read. */

/** Of the names of a job's best values the first that is there says how good it is. */
const judges = ["accuracy", "mAP", "mAP50", "miou", "pixel accuracy", "psnr", "ssim"] as const;

export interface Judged {
  name: string;
  value: number;
}

type Values = Record<string, number | null | undefined> | null | undefined;

/** Evaluations of numbers have no loss, but their mean absolute error. */
const others = ["loss", "error"] as const;

/** What a job is judged by; its loss where its network reports nothing else. */
export function judged(best: unknown): Judged | null {
  const values = best as Values;
  for (const name of [...judges, ...others]) {
    const value = values?.[name];
    if (typeof value === "number") return { name, value };
  }
  return null;
}

/** The names of `best` that judge, in their order. */
export function judges_of(best: unknown): string[] {
  return judges.filter((name) => typeof (best as Values)?.[name] === "number");
}

/** Parts of 1, by the name of the series: `val/accuracy`, `val/mAP`. */
export function is_share(name: string): boolean {
  return /accuracy|\bmiou$|\bmAP\d*$|\bprecision$|\brecall$|\bf1$/i.test(name);
}

/** Metrics that say how good a network is; the more the better. */
export function is_score(name: string): boolean {
  return is_share(name) || /\b(psnr|ssim)$/i.test(name);
}
