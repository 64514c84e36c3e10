/**
 * Measures how long a task waits to start behind 1,000 due tasks of 0.3 s each, with one worker of 4 slots: a
 * task of another owner and, for comparison, a further task of the same owner, which has no claim to go
 * first.
 *
 *   npm run bench:fairness
 */
import { Client, Connection } from '@temporalio/client';
import { createBacklog, createProbe, startDelay, untilCompleted } from '../test/support/backlog.ts';
import type { Task } from '../src/contract/task.ts';
import { startService } from '../test/support/service.ts';
import { startTestServer } from '../test/support/temporal.ts';
import { row } from './support/statistics.ts';

const backlog = { tasks: 1000, runTimeMs: 300, dueInMs: 25_000 };
const probes = 16;
/** Completed tasks between two probes: few enough that the last probe still finds a backlog. */
const probeEach = 50;
const wantedMs = backlog.runTimeMs + 1000;

const server = await startTestServer();
const service = await startService({ temporal: server, environment: { TASKBELL_WORKER_CONCURRENCY: '4' } });
const connection = await Connection.connect({ address: server.address });
const temporal = new Client({ connection, namespace: server.namespace });
try {
  const [alice, bob] = await Promise.all([service.as('alice'), service.as('bob')]);
  await createBacklog(alice, backlog);
  const others: number[] = [];
  const further: Task[] = [];
  for (let probe = 0; probe < probes; probe += 1) {
    await untilCompleted(temporal, 10 + probe * probeEach);
    further.push(await createProbe(alice));
    others.push(await startDelay(bob, await createProbe(bob)));
  }
  const own = await Promise.all(further.map((task) => startDelay(alice, task, 300_000)));
  console.log(
    `\nBehind ${backlog.tasks} due tasks; milliseconds from a task's scheduled time to its start\n`,
  );
  console.log(`${' '.repeat(34)}    p50    p95    p99    max      n`);
  console.log(row("another owner's task", others));
  console.log(row("the same owner's further task", own));
  console.log(`\nwanted for another owner's task: at most ${wantedMs}, a task's run time plus one second`);
} finally {
  await connection.close();
  await service.close();
  await server.close();
}
