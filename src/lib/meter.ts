/** A count of what a piece of work and everything that it calls uses, however deep, without passing it along. */
import { AsyncLocalStorage } from 'node:async_hooks';

export interface Meter {
  /** Units used so far. */
  used: number;
}

const meters = new AsyncLocalStorage<Meter>();

/** Runs `work`. Everything that it does counts on this meter. */
export function withMeter<T>(meter: Meter, work: () => T): T {
  return meters.run(meter, work);
}

/** Runs `work`, which is not done for the running work alone, without counting it on that work's meter. */
export function withoutMeter<T>(work: () => T): T {
  return meters.exit(work);
}

/** Counts one unit on the meter of the running work, if it has one. */
export function countOne(): void {
  const meter = meters.getStore();
  if (meter) meter.used += 1;
}
