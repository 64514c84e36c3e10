/** The thread that ends a handler process when its worker has died: see parent-watch.ts. */
import { workerData } from 'node:worker_threads';

const intervalMs = 1000;

setInterval(() => {
  if (process.ppid !== workerData) process.kill(-process.pid, 'SIGKILL');
}, intervalMs);
