import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import { readLiveExecution } from '../../src/tasks/execution.ts';
import type { Caller } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';
import { connectTemporal } from '../support/temporal-client.ts';

/** Number of rows: several times what is read before the first checkpoint, which is written after 2 s. */
const rows = 500_000;

let dataDir: string;
let alice: Caller;
let temporal: Client;
/** The task as it ends if nothing interrupts it. */
let uninterrupted: Task;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'taskbell-data-'));
  await mkdir(join(dataDir, 'shared'));
  await pipeline(Readable.from(lines()), createWriteStream(join(dataDir, 'shared', 'large.csv')));
});
// Hooks run in the order in which they are declared: this one needs the data folder.
const service = useService(() => ({
  workers: 0,
  environment: { TASKBELL_DATA_DIR: dataDir, TASKBELL_SHUTDOWN_GRACE: '0' },
}));
beforeAll(async () => {
  temporal = await connectTemporal();
  alice = await service.as('alice');
  const worker = await service.startWorker();
  uninterrupted = await alice.until((await create()).id, 'an uninterrupted run', hasEnded, 100_000);
  await worker.close();
}, 120_000);
afterAll(async () => {
  await temporal?.connection.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** Yields a CSV of about 30 MB. */
function* lines(): Generator<string> {
  yield 'id,city,amount,at\n';
  for (let row = 0; row < rows; row += 1) {
    const at = new Date(Date.UTC(2026, 0, 1) + row * 60_000).toISOString();
    yield `${row},"City, ${row % 500}",${((row * 7919) % 100_003) / 100},${at}\n`;
  }
}

function create(): Promise<Task> {
  return alice.create({ name: 'large', type: 'process-data', delay: 0, payload: { file: 'large.csv' } });
}

/** Returns the checkpoint of the running attempt that the server has: one not yet reported is lost with its worker. */
async function readCheckpoint(id: string): Promise<string> {
  const { raw } = await temporal.workflow.getHandle(id).describe();
  return JSON.stringify(readLiveExecution(raw)?.pending?.heartbeat?.checkpoint ?? null);
}

/** Returns the row at which an attempt resumed, from its log. */
function resumedAt(task: Task, attempt: number): number {
  const log = task.attempts[attempt - 1]?.log.join() ?? '';
  return Number(/Resumed at row (\d+) \(\d+ %\)/.exec(log)?.[1] ?? 0);
}

test('process-data resumes from its checkpoints after one attempt was handed back and the next was lost, and returns the result of an uninterrupted run', async () => {
  const first = await service.startWorker();
  const { id } = await create();
  await alice.until(id, 'it to make progress', ({ progress }) => (progress?.percent ?? 0) >= 5);
  process.kill(first.pid, 'SIGTERM');
  await first.ended;

  const second = await service.startWorker();
  await alice.until(id, 'the second attempt to resume', (task) => resumedAt(task, 2) > 0, 100_000);
  const inherited = await readCheckpoint(id);
  await waitFor('a later checkpoint', async () => {
    const checkpoint = await readCheckpoint(id);
    return checkpoint !== 'null' && checkpoint !== inherited;
  });
  process.kill(second.pid, 'SIGKILL');
  await second.ended;

  await service.startWorker();
  const resumed = await alice.until(id, 'its end', hasEnded, 100_000);
  expect(resumed).toMatchObject({ status: 'COMPLETED', attempt: 3, retry_count: 0 });
  expect(resumed.attempts).toMatchObject([
    { outcome: 'handed_back' },
    { outcome: 'lost' },
    { outcome: 'completed' },
  ]);
  expect(resumedAt(resumed, 2)).toBeGreaterThan(1);
  expect(resumedAt(resumed, 3)).toBeGreaterThan(resumedAt(resumed, 2));
  expect(resumed.result).toEqual(uninterrupted.result);
  expect(resumed.result).toMatchObject({ rows, columns: { city: { distinct: 500 } } });
}, 200_000);
