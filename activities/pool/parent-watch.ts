import { isMainThread, Worker, workerData } from 'node:worker_threads';

const intervalMs = 1000;

/**
 * Ends this process, and what its handler has started, when the worker is gone: at once where the event loop runs, and
 * within a second where a handler blocks it, by a thread that has an event loop of its own. Otherwise a handler that
 * loops would go on for ever after a kill -9 of its worker, beside the attempt that begins again elsewhere.
 *
 * @param isBusy whether a handler runs; without one, the process may end in peace.
 */
export function outliveNoParent(isBusy: () => boolean): void {
  process.once('disconnect', () => {
    if (isBusy()) killOwnGroup();
    process.exit();
  });
  const watch = new Worker(new URL(import.meta.url), { workerData: process.ppid });
  watch.unref();
}

function killOwnGroup(): void {
  process.kill(-process.pid, 'SIGKILL');
}

if (!isMainThread) {
  setInterval(() => {
    if (process.ppid !== workerData) killOwnGroup();
  }, intervalMs);
}
