import { defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import { expect, test } from 'vitest';
import type { AttemptHeartbeat } from '../../src/contract/workflow.ts';
import { readLiveExecution } from '../../src/tasks/execution.ts';

const { PendingActivityState } = proto.temporal.api.enums.v1;
const started = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED;
const scheduled = PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED;

const payload = (value: unknown) => defaultPayloadConverter.toPayload(value) ?? {};

/** What describe tells of a task of which one attempt has failed before, and of its present activity. */
function described(attempt: number, state: typeof started | typeof scheduled, heartbeat?: AttemptHeartbeat) {
  return readLiveExecution({
    workflowExecutionInfo: {
      type: { name: 'task' },
      status: proto.temporal.api.enums.v1.WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
      searchAttributes: { indexedFields: { TaskOwner: payload('alice') } },
      memo: { fields: { attempt: payload(1) } },
    },
    pendingActivities: [
      {
        attempt,
        state,
        ...(heartbeat ? { heartbeatDetails: { payloads: [payload(heartbeat)] } } : {}),
      },
    ],
  })?.pending;
}

function heartbeatOf(attempt: number, rest: Partial<AttemptHeartbeat> = {}): AttemptHeartbeat {
  const at = '2030-01-01T00:00:00.000Z';
  const current = { attempt, started_at: at, heard_at: at, worker: 'worker', log: [] };
  return { progress: null, checkpoint: null, handed_back: 0, deferred: 0, reported: 1, current, ...rest };
}

test('the first try of an activity runs as soon as it is dealt to a worker', () => {
  expect(described(1, scheduled)).toMatchObject({ begun: false, running: false, attempt: 1 });
  expect(described(1, started)).toMatchObject({ begun: true, running: true, attempt: 1 });
});

test('a later one runs once it has said so: until then a worker may be giving it back', () => {
  expect(described(2, started, heartbeatOf(2))).toMatchObject({ begun: true, running: false, attempt: 2 });
  expect(described(2, started, heartbeatOf(3))).toMatchObject({ begun: true, running: true, attempt: 2 });
});

test('one that is put off again is the same attempt as before, and does not run', () => {
  const { current: _none, ...deferred } = heartbeatOf(2, { deferred: 1, handed_back: 1, reported: 2 });
  expect(described(4, started, deferred)).toMatchObject({ running: false, attempt: 3 });
  expect(described(3, scheduled, deferred)).toMatchObject({ running: false, attempt: 2 });
});

test("an older version's heartbeats say nothing of it", () => {
  const old: AttemptHeartbeat = { progress: null, checkpoint: null, handed_back: 0 };
  expect(described(2, started, old)).toMatchObject({ running: true });
});
