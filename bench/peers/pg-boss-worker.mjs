// A worker process of pg-boss. The library is in the folder PEER_MODULES.
import { createRequire } from 'node:module';
import { join } from 'node:path';

const { PEER_MODULES, PEER_POSTGRESQL_URL } = process.env;
const PgBoss = createRequire(join(PEER_MODULES, 'package.json'))('pg-boss');

const boss = new PgBoss({ connectionString: PEER_POSTGRESQL_URL });
boss.on('error', (error) => console.error(error));
await boss.start();
await boss.createQueue('bench');
const run = async (jobs) =>
  jobs.map(({ data }) => ({ message: `${data.payload.rows.length} rows processed` }));
// It polls no more than twice a second, and takes a batch of jobs at a time: with small ones, 300 would take minutes.
const polling = { batchSize: 25, pollingIntervalSeconds: 0.5 };
for (let poller = 0; poller < 4; poller += 1) await boss.work('bench', polling, run);
const stop = async () => {
  await boss.stop({ graceful: true, wait: true, timeout: 5000 });
  process.exit();
};
for (const event of ['SIGTERM', 'disconnect']) process.once(event, () => void stop());
process.send({ type: 'ready' });
