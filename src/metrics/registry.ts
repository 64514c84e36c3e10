/**
 * The metrics of one process: takes measurements, and writes them on a page in Prometheus' text format, with those of
 * the process itself (CPU time, memory, event loop). A part of the page that cannot be read is left out.
 */
import { setMaxListeners } from 'node:events';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { unlessAborted } from '../lib/wait.ts';
import { catalogue, type MetricDefinition, type MetricRole } from './catalogue.ts';
import type { GaugeName, Reading, Telemetry } from './telemetry.ts';

export interface Metrics {
  readonly telemetry: Telemetry;
  /** Adds what another source has, in the same format. The signal is aborted when the page is sent without it. */
  include(name: string, read: (late: AbortSignal) => Promise<string>): void;
  /** Returns the page. Never rejects. */
  page(): Promise<MetricsPage>;
  /** Forgets all metrics, and drops what it gets afterwards. */
  close(): void;
}

export interface MetricsPage {
  readonly type: string;
  readonly text: string;
}

export interface MetricsOptions {
  readonly role: MetricRole;
  /** Called with the names of the parts that a page lacks and the page before did not, and the error of the first. */
  readonly onMissing: (parts: readonly string[], error: unknown) => void;
  /** Time that a page has, in milliseconds. Prometheus waits for 10 s by default. */
  readonly pageMs?: number;
}

type Read = () => readonly Reading<GaugeName>[] | Promise<readonly Reading<GaugeName>[]>;

/** Interval at which the delay of the event loop is measured, in milliseconds. Each time wakes a process that is idle. */
const eventLoopPrecisionMs = 100;

/**
 * Measures until it is closed. What the library's observers of the event loop and of garbage collection take cannot be
 * stopped: they last as long as their process, which they do not keep alive.
 */
export function createMetrics({ role, onMissing, pageMs = 5000 }: MetricsOptions): Metrics {
  const registry = new Registry();
  const counters = new Map<string, Counter>();
  const histograms = new Map<string, Histogram>();
  const gauges = new Map<string, Set<Read>>();
  const included = new Map<string, (late: AbortSignal) => Promise<string>>();
  /** Names of the parts that could not be read the last time. */
  const missing = new Set<string>();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: eventLoopPrecisionMs });
  for (const [name, definition] of Object.entries<MetricDefinition>(catalogue))
    if (definition.roles.includes(role)) add(name, definition);

  function add(name: string, definition: MetricDefinition): void {
    const { kind, help, labels, buckets = [] } = definition;
    const common = { name, help, labelNames: Object.keys(labels), registers: [registry] };
    switch (kind) {
      case 'counter':
        counters.set(name, startAtZero(new Counter(common), definition));
        return;
      case 'histogram':
        histograms.set(name, new Histogram({ ...common, buckets: [...buckets] }));
        return;
      case 'gauge': {
        const reads = new Set<Read>();
        gauges.set(name, reads);
        // oxlint-disable-next-line eslint/no-new -- registers itself
        new Gauge({ ...common, collect: collectFrom(reads, common.labelNames.length > 0) });
      }
    }
  }

  return {
    telemetry: {
      count: (name, labels, by = 1) => counters.get(name)?.inc(labels, by),
      observe: (name, value, labels) => histograms.get(name)?.observe(labels, value),
      gauge(name, read) {
        gauges.get(name)?.add(read);
        return () => void gauges.get(name)?.delete(read);
      },
    },
    include: (name, read) => void included.set(name, read),
    async page() {
      const late = AbortSignal.timeout(pageMs);
      // Each part listens.
      setMaxListeners(0, late);
      const errors = new Map<string, unknown>();
      const part = async (name: string, read: () => Promise<string>): Promise<string> => {
        try {
          const text = await unlessAborted(read(), late);
          missing.delete(name);
          return text;
        } catch (error) {
          if (!missing.has(name)) errors.set(name, error);
          missing.add(name);
          return '';
        }
      };
      const names = registry.getMetricsAsArray().map(({ name }) => name);
      const parts = await Promise.all([
        ...names.map((name) => part(name, async () => spelt(await registry.getSingleMetricAsString(name)))),
        ...Array.from(included, ([name, read]) => part(name, () => read(late))),
      ]);
      const newly = [...names, ...included.keys()].filter((name) => errors.has(name));
      if (newly[0] !== undefined) onMissing(newly, errors.get(newly[0]));
      const texts = parts.map((text) => text.trim()).filter((text) => text !== '');
      return { type: registry.contentType, text: `${texts.join('\n\n')}\n` };
    },
    close() {
      registry.clear();
      for (const each of [counters, histograms, gauges, included]) each.clear();
    },
  };
}

/** Returns lines of the library as the format has them: it writes `Nan` for NaN, such as the mean of no delays. */
function spelt(lines: string): string {
  return lines.replaceAll(/ Nan$/gm, ' NaN');
}

/** Returns the function with which a gauge gets its values: all that its readers return. */
function collectFrom(reads: ReadonlySet<Read>, hasLabels: boolean) {
  return async function collect(this: Gauge): Promise<void> {
    const readings = await Promise.all(Array.from(reads, async (read) => read()));
    this.reset();
    // A reset sets it to 0, which it may not be.
    if (!hasLabels) this.remove();
    for (const { labels, value } of readings.flat()) this.inc(labels, value);
  };
}

/**
 * Makes the series of a counter appear whose labels have fixed values: Prometheus does not see the first increment of a
 * series that was not there before.
 */
function startAtZero(counter: Counter, { labels }: MetricDefinition): Counter {
  let series: Record<string, string>[] = [{}];
  for (const [label, values] of Object.entries(labels)) {
    if (values === 'any') return counter;
    series = series.flatMap((one) => values.map((value) => ({ ...one, [label]: value })));
  }
  for (const one of series) counter.inc(one, 0);
  return counter;
}
