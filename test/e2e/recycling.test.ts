import { expect, test } from 'vitest';
import { useService } from '../support/service.ts';
import { hasEnded } from '../support/task.ts';

const service = useService({
  environment: { TASKBELL_MAX_TASKS_PER_CHILD: '3', TASKBELL_WORKER_CONCURRENCY: '2' },
});

test('a handler process runs TASKBELL_MAX_TASKS_PER_CHILD attempts and no more', async () => {
  const alice = await service.as('alice');
  const ids = await Promise.all(
    Array.from({ length: 20 }, async (_, index) => {
      const task = { name: `look ${index}`, type: 'looks-around', delay: 0 };
      return (await alice.create(task)).id;
    }),
  );
  const served = new Map<number, number>();
  for (const id of ids) {
    const task = await alice.until(id, 'its end', hasEnded);
    expect(task).toMatchObject({ status: 'COMPLETED', attempt: 1, retry_count: 0 });
    const { pid } = task.result as { pid: number };
    served.set(pid, (served.get(pid) ?? 0) + 1);
  }
  expect(Math.max(...served.values())).toBe(3);
  expect([...served.values()].reduce((sum, count) => sum + count)).toBe(20);
});
