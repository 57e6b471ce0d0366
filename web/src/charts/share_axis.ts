const steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5];

/**
 * The axis of shares that end at 1, down to the lowest of them: its labels are a step apart, the last one too, so that
 * none touch. At most `most` steps.
 */
export function share_axis(lowest: number, most = 4): { min: number; max: number; interval: number } {
  const span = Math.max(0, Math.min(1, 1 - lowest));
  const interval = steps.find((step) => span / step <= most) ?? 0.5;
  const count = Math.max(1, Math.ceil(span / interval - 1e-9));
  return { min: Math.max(0, Number((1 - count * interval).toFixed(6))), max: 1, interval };
}
