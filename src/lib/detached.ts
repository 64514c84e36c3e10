import { withoutDeadline } from './deadline.ts';
import { withoutMeter } from './meter.ts';

/** Runs `work`, which is done for others too: without the deadline of the running work, and not on its meter. */
export function detached<T>(work: () => T): T {
  return withoutDeadline(() => withoutMeter(work));
}
