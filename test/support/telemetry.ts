import type { Telemetry } from '../../src/metrics/telemetry.ts';

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** A telemetry that keeps what it is given. */
export interface RecordedTelemetry extends Telemetry {
  readonly measurements: Measurement[];
  /** Returns the current values of the gauges. */
  gauges(): Promise<Measurement[]>;
}

export function recordTelemetry(): RecordedTelemetry {
  const measurements: Measurement[] = [];
  const gauges = new Set<() => Promise<Measurement[]>>();
  return {
    measurements,
    gauges: async () => (await Promise.all(Array.from(gauges, (read) => read()))).flat(),
    count: (name, labels, by = 1) => void measurements.push({ name, value: by, labels }),
    observe: (name, value, labels) => void measurements.push({ name, value, labels }),
    gauge(name, read) {
      const gauge = async () => (await read()).map(({ labels, value }) => ({ name, labels, value }));
      gauges.add(gauge);
      return () => void gauges.delete(gauge);
    },
  };
}
