/** The learning rate over a training, as DIGITS' form and Caffe's solver have it: steps in percent of the training. */

export type LrPolicy = "fixed" | "step" | "multistep" | "exp" | "inv" | "poly" | "sigmoid" | "cosine";

export interface LrOptions {
  base_lr: number;
  policy: LrPolicy;
  gamma: number;
  power: number;
  step_percent: number;
  steps_percent: number[];
  /** Of the policy cosine. */
  warmup_percent?: number;
}

export type LrNumber = "gamma" | "power" | "step_percent" | "steps_percent";

/** Which numbers a policy reads. Their values where they are left out are declared by the server. */
export const lr_numbers: Record<LrPolicy, readonly LrNumber[]> = {
  fixed: [],
  step: ["step_percent", "gamma"],
  multistep: ["steps_percent", "gamma"],
  exp: ["gamma"],
  inv: ["gamma", "power"],
  poly: ["power"],
  sigmoid: ["step_percent", "gamma"],
  cosine: [],
};

/** The rate after `percent` of the training. */
export function lr_at(
  percent: number,
  { base_lr, policy, gamma, power, step_percent, steps_percent, warmup_percent = 0 }: LrOptions,
): number {
  switch (policy) {
    case "fixed":
      return base_lr;
    case "step":
      return base_lr * gamma ** Math.floor(percent / step_percent);
    case "multistep":
      return base_lr * gamma ** steps_percent.filter((step) => percent >= step).length;
    case "exp":
      return base_lr * gamma ** percent;
    case "inv":
      return base_lr * (1 + gamma * percent) ** -power;
    case "poly":
      return base_lr * (1 - percent / 100) ** power;
    case "sigmoid":
      return base_lr / (1 + Math.exp(gamma * (percent - step_percent)));
    case "cosine":
      if (percent < warmup_percent) return (base_lr * percent) / warmup_percent;
      return (base_lr * (1 + Math.cos((Math.PI * (percent - warmup_percent)) / (100 - warmup_percent)))) / 2;
  }
}

export function lr_curve(options: LrOptions, points = 201): { percent: number; lr: number }[] {
  return Array.from({ length: points }, (_, i) => {
    const percent = (100 * i) / (points - 1);
    return { percent, lr: lr_at(percent, options) };
  });
}

/** What a curve is called by: where it begins and ends, and its highest value, which is between them after a warm-up. */
export function lr_said(rates: number[]): { from: number; most: number; to: number; rises: boolean } {
  const [from = 0, to = 0] = [rates[0], rates.at(-1)];
  const most = Math.max(...rates);
  return { from, most, to, rises: most > Math.max(from, to) };
}
