import type { Metrics, MetricsEvent } from "./client";

export interface Curve {
  iteration: number[];
  epoch: number[];
  value: (number | null)[];
}

/** A model's curves: what the server kept, followed by the points that came since. Points come once however often they are sent. */
export class MetricSeries {
  private curves = new Map<string, Curve>();
  private waiting: MetricsEvent[] = [];
  private loaded = false;
  /** Grows with each change. */
  version = 0;

  /** Takes over an answer of /models/{id}/metrics; live points that came before it are kept when they are newer. */
  load(metrics: Metrics): void {
    const newer = [...this.waiting];
    for (const [name, curve] of this.curves) {
      const known = metrics.series[name]?.iteration.at(-1) ?? -1;
      curve.iteration.forEach((iteration, i) => {
        if (iteration > known) newer.push(point_event(name, curve, i));
      });
    }
    this.curves = new Map();
    for (const [name, series] of Object.entries(metrics.series)) {
      this.curves.set(name, {
        iteration: [...series.iteration],
        epoch: [...series.epoch],
        value: [...series.value],
      });
    }
    this.loaded = true;
    this.waiting = [];
    for (const event of newer) this.append(event);
    this.version += 1;
  }

  push(event: MetricsEvent): void {
    if (!this.loaded) {
      this.waiting.push(event);
      return;
    }
    this.append(event);
    this.version += 1;
  }

  names(): string[] {
    return [...this.curves.keys()].sort();
  }

  get(name: string): Curve | undefined {
    return this.curves.get(name);
  }

  last(name: string): number | null {
    return this.curves.get(name)?.value.at(-1) ?? null;
  }

  points(): number {
    let most = 0;
    for (const curve of this.curves.values()) most = Math.max(most, curve.value.length);
    return most;
  }

  private append(event: MetricsEvent): void {
    for (const [name, value] of Object.entries(event.values)) {
      const key = `${event.phase}/${name}`;
      let curve = this.curves.get(key);
      if (!curve) {
        curve = { iteration: [], epoch: [], value: [] };
        this.curves.set(key, curve);
      }
      const last = curve.iteration.at(-1);
      // Sent twice, or gone over again by a training that was resumed from an older snapshot, which repeats its numbers.
      if (last !== undefined && event.iteration <= last) continue;
      curve.iteration.push(event.iteration);
      curve.epoch.push(event.epoch);
      curve.value.push(value);
    }
  }
}

function point_event(name: string, curve: Curve, i: number): MetricsEvent {
  const slash = name.indexOf("/");
  return {
    job: "",
    iteration: curve.iteration[i]!,
    epoch: curve.epoch[i]!,
    phase: name.slice(0, slash) as MetricsEvent["phase"],
    values: { [name.slice(slash + 1)]: curve.value[i] ?? null },
  };
}

/** Exponential moving average, corrected for its start, as in TensorBoard; gaps stay gaps. `weight` 0: the values as they are. */
export function smooth(values: (number | null)[], weight: number): (number | null)[] {
  if (weight <= 0) return values;
  let mean = 0;
  let count = 0;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return null;
    mean = mean * weight + value * (1 - weight);
    count += 1;
    return mean / (1 - weight ** count);
  });
}
