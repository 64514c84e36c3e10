import { Worker } from 'node:worker_threads';

/**
 * Ends this process, and what its handler has started, when the worker has disconnected or died. Normally
 * that is at once; if a handler blocks the event loop, a thread does it within a second. Otherwise an endless
 * loop in a handler would survive a kill -9 of its worker, and run alongside the new attempt elsewhere.
 *
 * @param isBusy whether a handler is running; without one, the process exits normally.
 */
export function exitWithParent(isBusy: () => boolean): void {
  process.once('disconnect', () => {
    if (isBusy()) killOwnGroup();
    process.exit();
  });
  const watch = new Worker(new URL('./parent-thread.js', import.meta.url), { workerData: process.ppid });
  watch.unref();
}

function killOwnGroup(): void {
  process.kill(-process.pid, 'SIGKILL');
}
