// A worker process of pg-boss. The library is in the folder PEER_MODULES.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const { PEER_MODULES, PEER_POSTGRESQL_URL } = process.env;
const PgBoss = createRequire(join(PEER_MODULES, 'package.json'))('pg-boss');

const boss = new PgBoss({ connectionString: PEER_POSTGRESQL_URL });
boss.on('error', (error) => console.error(error));
await boss.start();
await boss.createQueue('bench');
// One job of a batch after the other, so that four run at a time. Only those of the part that kills the worker take a while.
const run = async (jobs) => {
  const results = [];
  for (const { data } of jobs) {
    const { rows, wait_ms } = data.payload;
    if (wait_ms) await sleep(wait_ms);
    results.push({ message: `${rows.length} rows processed` });
  }
  return results;
};
// It polls no more than twice a second, and takes a batch of jobs at a time: with small ones, 300 would take minutes.
const polling = { batchSize: 25, pollingIntervalSeconds: 0.5 };
for (let poller = 0; poller < 4; poller += 1) await boss.work('bench', polling, run);
const stop = async () => {
  await boss.stop({ graceful: true, wait: true, timeout: 5000 });
  process.exit();
};
for (const event of ['SIGTERM', 'disconnect']) process.once(event, () => void stop());
process.send({ type: 'ready' });
