/** Dimensions of a measurement. Values come from small, fixed sets: never ids, names or addresses. */
export type Labels = Readonly<Record<string, string>>;

/**
 * Receiver of measurements. Passed like the logger; the default drops them. Names follow Prometheus, with the
 * unit last: `taskbell_temporal_call_seconds`.
 */
export interface Telemetry {
  /** Adds to a counter. @param by 1 by default. */
  count(name: string, labels?: Labels, by?: number): void;
  /** Records one value of a distribution, such as a duration in seconds. */
  observe(name: string, value: number, labels?: Labels): void;
  /** Registers a function that returns the current value when asked. @returns a function that removes it. */
  gauge(name: string, read: () => number, labels?: Labels): () => void;
}

const ignore = (): void => undefined;

export const noTelemetry: Telemetry = { count: ignore, observe: ignore, gauge: () => ignore };
