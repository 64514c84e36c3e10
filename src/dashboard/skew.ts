/** How far the browser's clock is from the service's, by the answers of the service. */
import { type ReadonlySignal, signal } from '@preact/signals';

export interface Skew {
  /** The service's clock less the browser's, in milliseconds. */
  readonly skewMs: ReadonlySignal<number>;
  learn(response: Pick<Response, 'headers'>): void;
}

/** Times are told in whole seconds, and answers take some: less is no difference. */
const leastMs = 2000;

export function createSkew(): Skew {
  const skewMs = signal(0);
  return {
    skewMs,
    learn({ headers }) {
      const told = Date.parse(headers.get('Date') ?? '');
      if (Number.isNaN(told)) return;
      const measured = told - Date.now();
      if (Math.abs(measured - skewMs.peek()) >= leastMs) skewMs.value = measured;
    },
  };
}
