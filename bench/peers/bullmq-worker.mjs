// A worker process of BullMQ. The library is in the folder PEER_MODULES.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const { PEER_MODULES, PEER_REDIS_HOST, PEER_REDIS_PORT, PEER_REDIS_PASSWORD } = process.env;
const { Worker } = createRequire(join(PEER_MODULES, 'package.json'))('bullmq');

const connection = {
  host: PEER_REDIS_HOST,
  port: Number(PEER_REDIS_PORT),
  password: PEER_REDIS_PASSWORD,
  maxRetriesPerRequest: null,
};
const run = async ({ data: { payload } }) => {
  // Only the jobs of the part that kills the worker take a while.
  if (payload.wait_ms) await sleep(payload.wait_ms);
  return { message: `${payload.rows.length} rows processed` };
};
const worker = new Worker('bench', run, { connection, concurrency: 4 });
await worker.waitUntilReady();
const stop = async () => {
  await worker.close();
  process.exit();
};
for (const event of ['SIGTERM', 'disconnect']) process.once(event, () => void stop());
process.send({ type: 'ready' });
