import { onParentExit } from './parent.ts';

/** Resolves when this role has to stop: on a signal, or because the `taskbell up` that started it has ended. */
export function untilStopRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    onParentExit(resolve);
  });
}
