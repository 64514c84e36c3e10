/** Tries that a worker puts back into the queue without starting an attempt, as a guest slot does. */
import { randomUUID } from 'node:crypto';
import { ApplicationFailure, Context } from '@temporalio/activity';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { expect, inject, onTestFinished, test } from 'vitest';
import { guestIdentityOf } from '../../src/contract/names.ts';
import { createCaller, untilDone } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { forward: {}, filter: 'OFF' } },
});

const service = useService();

/** Runs a worker whose activity is the test's. */
async function startOwnWorker(taskQueue: string, processTask: () => Promise<unknown>): Promise<void> {
  const { address, namespace } = inject('temporal');
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    // Readers know that such a worker may put a try back.
    identity: guestIdentityOf('1@test'),
    workflowBundle: { codePath: 'dist/workflow-bundle.js' },
    activities: { processTask },
    maxHeartbeatThrottleInterval: 100,
    defaultHeartbeatThrottleInterval: 100,
  });
  const running = worker.run();
  onTestFinished(async () => {
    worker.shutdown();
    await running;
    await connection.close();
  });
}

test('a pause that meets such a try takes effect, and the task has had no attempt', async () => {
  const taskQueue = `test-${randomUUID()}`;
  const { token } = await service.as('alice');
  const { url = '' } = await service.startApi({ TASKBELL_TASK_QUEUE: taskQueue });
  let tries = 0;
  await startOwnWorker(taskQueue, async () => {
    tries += 1;
    if (tries > 1) return { result: { tries }, report: undefined };
    const activity = Context.current();
    const beating = setInterval(() => activity.heartbeat(), 100);
    // Now the request to withdraw it has arrived at the server, which will not dispatch it again.
    await activity.cancelled.catch(() => undefined);
    clearInterval(beating);
    throw ApplicationFailure.create({ type: 'Deferred', message: 'put back', nextRetryDelay: 1 });
  });
  const alice = createCaller(url, token);
  const { id } = await alice.create({ name: 'put back', type: 'echo', delay: 0 });
  await alice.until(id, 'its first try', () => tries === 1);
  const paused = await untilDone(() => alice.call('POST', `/api/tasks/${id}/pause/`));
  expect(paused).toMatchObject({ status: 200, body: { status: 'SCHEDULED', waiting: { reason: 'paused' } } });
  const nothingYet = { attempt: 0, attempts: [], started_at: null };
  expect(await alice.read(id)).toMatchObject(nothingYet);
  await untilDone(() => alice.call('POST', `/api/tasks/${id}/resume/`));
  expect(await alice.until(id, 'its end', hasEnded)).toMatchObject({ status: 'COMPLETED', attempt: 1 });
});
