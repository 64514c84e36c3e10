import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { createCaller } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { hasEnded, quickly } from '../support/task.ts';
import { startTaskbell } from '../support/taskbell.ts';
import { waitFor } from '../support/wait-for.ts';

const service = useService();

test('the log of a worker has one short line for each failed attempt, without the data of its owner', async () => {
  const { token } = await service.as('alice');
  const ownQueue = { TASKBELL_TASK_QUEUE: `test-${randomUUID()}` };
  const { url = '' } = await service.startApi(ownQueue);
  const environment = { ...service.environment, ...ownQueue, TASKBELL_LOG_LEVEL: 'debug' };
  const worker = startTaskbell(['worker'], environment);
  const alice = createCaller(url, token);
  const task = { type: 'flaky', payload: { failures: 9 }, retry: { ...quickly, max_retries: 1 } };
  const { id } = await alice.create({ name: 'fails', delay: 0, ...task });
  await alice.until(id, 'its end', hasEnded);
  await waitFor('the last line', () => worker.errors().includes('"Workflow failed"'));
  const lines = worker.errors().trim().split('\n');
  const warnings = lines.map((line) => JSON.parse(line) as object).filter(isWarning);
  expect(warnings).toEqual(
    [1, 2].map((attempt) => ({
      level: 40,
      time: expect.any(Number),
      role: 'worker',
      pid: expect.any(Number),
      task: id,
      attempt,
      reason: `Flaky: failure ${attempt}`,
      msg: `task ${id}: attempt ${attempt} failed`,
    })),
  );
  // Its handler has written a checkpoint, and a log line with this text.
  expect(lines.filter((line) => line.includes('checkpoint') || line.includes('INFO attempt'))).toEqual([]);
});

function isWarning(line: object): boolean {
  return 'level' in line && Number(line.level) >= 40;
}
