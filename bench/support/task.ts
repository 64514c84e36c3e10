/** The task that every contender runs, in each part of the benchmark. */
import { specOf } from '../../src/contract/spec.ts';
import { createTaskInput } from '../../src/contract/task.ts';
import type { TaskInput } from '../../src/contract/workflow.ts';
import { attributesOf, memoOf } from '../../src/tasks/start.ts';

/** Returns the request that creates it. */
export function aRequest(dueAt: Date) {
  const payload = { rows: [{ region: 'north', amount: 1 }] };
  return { name: 'A task of the benchmark', scheduled_time: dueAt.toISOString(), payload };
}

/** Returns the request of a task that only waits, in the form that the workers of the peers understand. */
export function aLongRequest(dueAt: Date, runTimeMs: number) {
  const request = aRequest(dueAt);
  return { ...request, payload: { ...request.payload, wait_ms: runTimeMs } };
}

/** Returns the memo and search attributes that one of our tasks has, made by the same code. */
export function recordsOf(owner: string, dueAt: Date) {
  const now = Date.now();
  const { type, ...spec } = createTaskInput.parse(aRequest(dueAt));
  const input: TaskInput = {
    ...specOf({ ...spec, scheduled_time: dueAt.toISOString() }),
    type,
    owner: { id: owner, name: 'alice' },
    created_at: new Date(now).toISOString(),
    version: 1,
    retry_count: 0,
  };
  return {
    args: [input.scheduled_time, input.payload],
    memo: { ...memoOf({ input }) },
    typedSearchAttributes: attributesOf({ input }, now),
  };
}
