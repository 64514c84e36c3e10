import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import { readLiveExecution } from '../../src/tasks/execution.ts';
import type { Caller } from '../support/caller.ts';
import { waitFor } from '../support/wait-for.ts';
import { useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';

/** Number of rows: several times what is read before the first checkpoint, which is written after 2 s. */
const rows = 1_000_000;

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
  const { address, namespace } = inject('temporal');
  temporal = new Client({ connection: await Connection.connect({ address }), namespace });
  alice = await service.as('alice');
  const worker = await service.startWorker();
  uninterrupted = await alice.until((await create()).id, 'an uninterrupted run', hasEnded, 100_000);
  await worker.close();
}, 120_000);
afterAll(async () => {
  await temporal?.connection.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** Yields a CSV of about 60 MB. */
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

/** Waits until the server has a checkpoint of the running attempt: one not yet reported is lost with its worker. */
async function untilCheckpoint(id: string): Promise<void> {
  await waitFor('a checkpoint', async () => {
    const { raw } = await temporal.workflow.getHandle(id).describe();
    return (readLiveExecution(raw)?.pending?.heartbeat?.checkpoint ?? null) !== null;
  });
}

async function untilProgress(id: string): Promise<void> {
  await alice.until(id, 'it to make progress', ({ progress }) => (progress?.percent ?? 0) >= 5);
}

test.each([
  ['handed back', 'SIGTERM', untilProgress],
  ['lost', 'SIGKILL', untilCheckpoint],
] as const)(
  'process-data resumes from its checkpoint after its attempt was %s, and returns the result of an uninterrupted run',
  async (_how, signal, ready) => {
    const first = await service.startWorker();
    const { id } = await create();
    await ready(id);
    process.kill(first.pid, signal);
    await first.ended;
    const second = await service.startWorker();
    const resumed = await alice.until(id, 'its end', hasEnded, 100_000);
    expect(resumed).toMatchObject({ status: 'COMPLETED', attempt: 2, retry_count: 0 });
    const [, row, percent] =
      /Resumed at row (\d+) \((\d+) %\)/.exec(resumed.attempts[1]?.log.join() ?? '') ?? [];
    expect(Number(row)).toBeGreaterThan(1);
    expect(Number(percent)).toBeGreaterThan(0);
    expect(resumed.result).toEqual(uninterrupted.result);
    expect(resumed.result).toMatchObject({ rows, columns: { city: { distinct: 500 } } });
    await second.close();
  },
  150_000,
);
