import type { Labels, Telemetry } from '../../src/lib/telemetry.ts';

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly labels: Labels;
}

/** A telemetry that keeps what it is given. */
export interface RecordedTelemetry extends Telemetry {
  readonly measurements: Measurement[];
  /** Current values of the gauges, by name. */
  gauges(): Record<string, number>;
}

export function recordTelemetry(): RecordedTelemetry {
  const measurements: Measurement[] = [];
  const gauges = new Set<{ readonly name: string; readonly read: () => number }>();
  return {
    measurements,
    gauges: () => Object.fromEntries(Array.from(gauges, ({ name, read }) => [name, read()])),
    count: (name, labels = {}, by = 1) => void measurements.push({ name, value: by, labels }),
    observe: (name, value, labels = {}) => void measurements.push({ name, value, labels }),
    gauge(name, read) {
      const gauge = { name, read };
      gauges.add(gauge);
      return () => void gauges.delete(gauge);
    },
  };
}
