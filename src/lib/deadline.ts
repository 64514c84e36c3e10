/** A deadline for a piece of work and everything that it calls, however deep, without passing it along. */
import { AsyncLocalStorage } from 'node:async_hooks';

/** Instants on the clock of `performance.now()`. */
const deadlines = new AsyncLocalStorage<number>();

/** Runs `work`. Until it has ended, `timeLeftMs` counts down from `ms` within it. Nothing stops it by itself. */
export function withinDeadline<T>(ms: number, work: () => T): T {
  return deadlines.run(performance.now() + ms, work);
}

/** Runs `work`, which goes on after the running work has ended, without that work's deadline. */
export function withoutDeadline<T>(work: () => T): T {
  return deadlines.exit(work);
}

/** Returns the time that the running work has left, in milliseconds: 0 or less after its deadline, Infinity without one. */
export function timeLeftMs(): number {
  const deadline = deadlines.getStore();
  return deadline === undefined ? Number.POSITIVE_INFINITY : deadline - performance.now();
}
