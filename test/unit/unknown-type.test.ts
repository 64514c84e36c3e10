import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { Probation } from '../../activities/probation.ts';
import { createProcessTask } from '../../activities/process-task.ts';
import { type SlotKind, Slots } from '../../activities/slots.ts';
import type { AttemptInput } from '../../src/contract/workflow.ts';

const input: AttemptInput = {
  type: 'of-the-next-release',
  payload: {},
  owner: { id: 'alice', name: 'alice' },
  prior_attempts: 0,
  soft_time_limit: 60,
  time_limit: 120,
  checkpoint: null,
};

/** Returns how an attempt fails on a worker that knows no types, some minutes after it was scheduled. */
function failureAfter(minutes: number): Promise<ApplicationFailure> {
  return failureOf(new Slots(1).own, { scheduledTimestampMs: Date.now() - minutes * 60_000 });
}

async function failureOf(
  slots: SlotKind,
  info: ConstructorParameters<typeof MockActivityEnvironment>[0],
): Promise<ApplicationFailure> {
  const processTask = createProcessTask({
    // Only its types are looked at.
    pool: { types: new Map() } as unknown as Parameters<typeof createProcessTask>[0]['pool'],
    slots,
    probation: new Probation(),
    worker: 'worker',
    signals: { started: () => Promise.resolve(), interrupted: () => Promise.resolve() },
    whyStop: () => Promise.resolve(undefined),
    graceOver: new AbortController().signal,
  });
  const environment = new MockActivityEnvironment(info);
  const failure: unknown = await environment.run(processTask, input).catch((error: unknown) => error);
  if (!(failure instanceof ApplicationFailure)) throw new TypeError(String(failure));
  return failure;
}

test('a task of an unknown type is left to other workers for ten minutes', async () => {
  const failure = await failureAfter(9);
  expect(failure).toMatchObject({ type: 'Deferred', nonRetryable: false });
  expect(failure.message).toContain('"of-the-next-release"');
});

test('and fails after that, with an error that names the type', async () => {
  const failure = await failureAfter(11);
  expect(failure).toMatchObject({ type: 'UnknownTaskType', nonRetryable: true });
  expect(failure.message).toContain('"of-the-next-release"');
  expect(failure.details).toMatchObject([{ retryable: false, report: { attempt: 1, outcome: 'failed' } }]);
});

test('a task that the guest slot refuses goes back to the queue at once, without an attempt', async () => {
  const failure = await failureOf(new Slots(1).guest, {});
  expect(failure).toMatchObject({
    type: 'Deferred',
    nonRetryable: false,
    nextRetryDelay: 1,
    category: 'BENIGN',
  });
});
