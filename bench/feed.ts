/**
 * Measures how long after a change in Temporal a watcher receives it, with 100 watched tasks on one machine:
 * server, worker, API and watchers. The changes do not pass through the API process that feeds the watchers,
 * so it has to discover them all.
 *
 *   npm run bench:feed
 *
 * The time of a change is the server's (close time, or the workflow's time of the write); all clocks are this
 * machine's.
 */
import { Client, Connection } from '@temporalio/client';
import { commandSignal } from '../workflows/messages.ts';
import type { Task } from '../src/contract/task.ts';
import { type Caller, createCaller, type Feed } from '../test/support/caller.ts';
import { waitFor } from '../test/support/wait-for.ts';
import { startService } from '../test/support/service.ts';
import { startTestServer } from '../test/support/temporal.ts';
import { row } from './support/statistics.ts';

const watched = 100;
const rounds = 3;
const limit = { p50: 400, p99: 800 };

interface Watched {
  readonly task: Task;
  readonly feed: Feed;
  readonly latencies: { written: number[]; ended: number[] };
}

const server = await startTestServer();
const service = await startService({ temporal: server });
const connection = await Connection.connect({ address: server.address });
const temporal = new Client({ connection, namespace: server.namespace });
try {
  const alice = await service.as('alice');
  const other = await service.startApi();
  const elsewhere = createCaller(other.url ?? '', alice.token);
  const written: number[] = [];
  const ended: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const tasks = await watchAll(alice, elsewhere);
    await changeAll(tasks);
    await endAll(tasks);
    for (const { feed, latencies } of tasks) {
      written.push(...latencies.written);
      ended.push(...latencies.ended);
      feed.socket.close();
    }
  }
  console.log(
    `\n${watched} watched tasks, ${rounds} rounds; milliseconds from the change in Temporal to the socket\n`,
  );
  console.log(`${' '.repeat(34)}    p50    p95    p99    max      n`);
  console.log(row('paused, resumed (by signal)', written));
  console.log(row('ended (all due within 20 s)', ended));
  console.log(`\nwanted: p50 ≤ ${limit.p50}, p99 ≤ ${limit.p99}`);
} finally {
  await connection.close();
  await service.close();
  await server.close();
}

async function watchAll(alice: Caller, elsewhere: Caller): Promise<Watched[]> {
  const tasks: Watched[] = [];
  for (let index = 0; index < watched; index += 1) {
    const task = await elsewhere.create({ name: `watched ${index}`, delay: 3600 });
    const feed = await alice.watch(`/ws/tasks/${task.id}/`);
    tasks.push({ task, feed, latencies: timed(feed) });
  }
  await waitFor('all snapshots', () => tasks.every(({ feed }) => feed.messages.length > 0));
  return tasks;
}

function timed(feed: Feed): Watched['latencies'] {
  const latencies = { written: [] as number[], ended: [] as number[] };
  let version = 1;
  feed.socket.on('message', () => {
    const now = Date.now();
    const last = feed.tasks().at(-1);
    if (!last || (last.version === version && last.finished_at === null)) return;
    version = last.version;
    const kind = last.finished_at === null ? latencies.written : latencies.ended;
    kind.push(now - Date.parse(last.updated_at));
  });
  return latencies;
}

/** Makes changes spread over time, as in real use. The ends of the tasks measure a burst. */
async function changeAll(tasks: readonly Watched[]): Promise<void> {
  for (const command of ['pause', 'resume'] as const) {
    for (const { task } of tasks) {
      await temporal.workflow.getHandle(task.id).signal(commandSignal, { command, by: 'bench' });
      await pause(40);
    }
  }
}

async function endAll(tasks: readonly Watched[]): Promise<void> {
  for (const { task } of tasks) {
    await temporal.workflow.getHandle(task.id).signal(commandSignal, { command: 'run-now', by: 'bench' });
    await pause(200);
  }
  const hasEnded = ({ feed }: Watched): boolean => feed.tasks().at(-1)?.finished_at !== null;
  await waitFor('all ends', () => tasks.every(hasEnded), 120_000);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
