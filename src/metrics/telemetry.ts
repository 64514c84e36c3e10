import type { catalogue } from './catalogue.ts';

type Catalogue = typeof catalogue;

type NameOf<K> = { [N in keyof Catalogue]: Catalogue[N]['kind'] extends K ? N : never }[keyof Catalogue];

export type CounterName = NameOf<'counter'>;
export type GaugeName = NameOf<'gauge'>;
export type HistogramName = NameOf<'histogram'>;
export type MetricName = keyof Catalogue;

/** The labels of a metric. Values come from small, fixed sets: never ids, names or addresses. */
export type LabelsOf<N extends MetricName> = {
  readonly [L in keyof Catalogue[N]['labels']]: Catalogue[N]['labels'][L] extends readonly (infer V extends
    string)[]
    ? V
    : string;
};

/** One value of a gauge. */
export interface Reading<N extends GaugeName> {
  readonly labels: LabelsOf<N>;
  readonly value: number;
}

type Readings<N extends GaugeName> = readonly Reading<N>[];

/** Receiver of measurements. Passed like the logger; the default drops them. src/metrics/catalogue.ts has the names. */
export interface Telemetry {
  /** Adds to a counter. @param by 1 by default; 0 makes the counter appear. */
  count<N extends CounterName>(name: N, labels: LabelsOf<N>, by?: number): void;
  /** Records one value of a distribution, such as a duration in seconds. */
  observe<N extends HistogramName>(name: N, value: number, labels: LabelsOf<N>): void;
  /**
   * Registers a function that returns the current values when asked. What it does not return, or if it throws, is not
   * shown. @returns a function that removes it.
   */
  gauge<N extends GaugeName>(
    name: N,
    read: () => Readings<NoInfer<N>> | Promise<Readings<NoInfer<N>>>,
  ): () => void;
}

const ignore = (): void => undefined;

export const noTelemetry: Telemetry = { count: ignore, observe: ignore, gauge: () => ignore };
