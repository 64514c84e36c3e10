// A process with a pool of handler processes, like a worker's, which tests can kill. It notifies its parent
// when the pool has started, and sends it the log of a handler that has started a process.
import { resolve } from 'node:path';
import { startPool } from '../../dist/activities/pool/pool.js';

const pool = await startPool({
  entry: resolve('dist/activities/pool/handler-main.js'),
  settings: {
    httpAllowHosts: [],
    modules: [resolve('test/support/handlers.mjs'), resolve('test/support/misbehaving.mjs')],
  },
  environment: { PATH: process.env['PATH'] },
  concurrency: 3,
  maxAttempts: 1000,
  maxMemoryMb: 400,
  logger: { info: () => undefined, warn: () => undefined, error: console.error },
});
process.send({ type: 'starting' });

process.once('message', () => void beBusy());

async function beBusy() {
  const never = new AbortController().signal;
  const run = async (taskType, payload, onUpdate) => {
    const handlerProcess = await pool.acquire(never);
    const input = {
      taskType,
      payload,
      taskId: taskType,
      owner: { id: 'u1', name: 'alice' },
      attempt: 1,
      idempotencyKey: 'k',
    };
    void handlerProcess.run(input, onUpdate, async () => ({ kind: 'unreadable' }));
  };
  await run('slow', { steps: 2, step_ms: 600_000 }, () => undefined);
  // This handler's log has the id of the process that it has started.
  await run('spawns', {}, ({ log }) => process.send({ type: 'busy', log }));
}
