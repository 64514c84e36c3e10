/** Tries that a worker puts back into the queue: of unknown types, and those that the guest slot refuses. */
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { createMeasures } from '../../activities/measures.ts';
import { Probation } from '../../activities/probation.ts';
import { createProcessTask } from '../../activities/process-task.ts';
import { type SlotKind, Slots } from '../../activities/slots.ts';
import type { AttemptHeartbeat, AttemptInput, AttemptInterruption } from '../../src/contract/workflow.ts';
import { noTelemetry } from '../../src/metrics/telemetry.ts';

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
  interruptions: AttemptInterruption[] = [],
): Promise<ApplicationFailure> {
  const processTask = createProcessTask({
    // Only its types are looked at.
    pool: { types: new Map() } as unknown as Parameters<typeof createProcessTask>[0]['pool'],
    slots,
    probation: new Probation(),
    findSecret: async () => ({ kind: 'refused', reason: 'not asked for' }),
    worker: 'worker',
    signals: {
      started: () => Promise.resolve(),
      interrupted: async (_workflow, interruption) => void interruptions.push(interruption),
    },
    whyStop: () => Promise.resolve(undefined),
    graceOver: new AbortController().signal,
    measures: createMeasures(noTelemetry, []),
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

test('a task of an unknown type that no worker has taken for ten minutes fails, with an error that names the type', async () => {
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

test('a refusal reports the attempt that was lost before it, whose heartbeat it replaces', async () => {
  const at = '2030-01-01T00:00:00.000Z';
  const current = { attempt: 1, started_at: at, heard_at: at, worker: 'lost', log: ['a line'] };
  const heartbeatDetails: AttemptHeartbeat = {
    progress: null,
    checkpoint: null,
    handed_back: 0,
    deferred: 0,
    lost: 0,
    blamed: 0,
    reported: 0,
    current,
  };
  const interruptions: AttemptInterruption[] = [];
  await failureOf(new Slots(1).guest, { attempt: 2, heartbeatDetails }, interruptions);
  expect(interruptions).toMatchObject([
    { report: { attempt: 1, outcome: 'lost', started_at: at, worker: 'lost', log: ['a line'] } },
  ]);
});
