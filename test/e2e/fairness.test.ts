import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBacklog, createProbe, startDelay, untilCompleted } from '../support/backlog.ts';
import { type Service, startService } from '../support/service.ts';
import { startTestServer, type TestServer } from '../support/temporal.ts';

/** Twice what is completed before the last probe; `npm run bench -- --only fairness` has more. */
const backlog = { tasks: 320, runTimeMs: 300, dueInMs: 5000 };
/** Maximum delay: the time that one task takes plus a second, in milliseconds. */
const promisedMs = backlog.runTimeMs + 1000;
/** Maximum delay of a single probe on a busy machine, in milliseconds. Without fairness it is over 20 s. */
const noisyMs = 5000;

let server: TestServer;
let service: Service;
let temporal: Client;

beforeAll(async () => {
  // Not on the shared server: the rest of the backlog must not slow down the other tests.
  server = await startTestServer();
  service = await startService({ temporal: server, environment: { TASKBELL_WORKER_CONCURRENCY: '4' } });
  temporal = new Client({ connection: await Connection.connect({ address: server.address }) });
});

afterAll(async () => {
  await temporal?.connection.close();
  await service?.close();
  await server?.close();
});

test("an owner's hundreds of due tasks delay another owner's single tasks by at most the time of one task plus a second (median)", async () => {
  const [alice, bob] = await Promise.all([service.as('alice'), service.as('bob')]);
  await createBacklog(alice, backlog);
  const delays: number[] = [];
  for (const [index, completed] of [10, 30, 50, 70, 90, 110, 130].entries()) {
    await untilCompleted(temporal, completed);
    const probe = await createProbe(bob, index % 2 === 0 ? 'echo' : 'brisk');
    delays.push(await startDelay(bob, probe));
  }
  const { count: left } = await temporal.workflow.count("ExecutionStatus = 'Running'");
  // There was a queue to overtake all the time.
  expect(left).toBeGreaterThan(backlog.tasks / 2);
  const sorted = delays.toSorted((a, b) => a - b);
  const shown = `delays in milliseconds: ${delays.join(', ')}`;
  expect(sorted[Math.floor(sorted.length / 2)], shown).toBeLessThanOrEqual(promisedMs);
  expect(sorted.at(-1), shown).toBeLessThanOrEqual(noisyMs);
}, 240_000);
