/** Measures how far the browser's clock is from the service's, by the service's responses. */
import { type ReadonlySignal, signal } from '@preact/signals';

export interface Skew {
  /** The service's clock minus the browser's, in milliseconds. */
  readonly skewMs: ReadonlySignal<number>;
  learn(response: Pick<Response, 'headers'>): void;
}

/** Smallest difference that counts, in milliseconds: `Date` headers have whole seconds, and responses take time. */
const leastMs = 2000;

export function createSkew(): Skew {
  const skewMs = signal(0);
  return {
    skewMs,
    learn({ headers }) {
      const date = Date.parse(headers.get('Date') ?? '');
      if (Number.isNaN(date)) return;
      const measured = date - Date.now();
      if (Math.abs(measured - skewMs.peek()) >= leastMs) skewMs.value = measured;
    },
  };
}
