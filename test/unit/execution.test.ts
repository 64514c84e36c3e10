import { defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import { expect, test } from 'vitest';
import { guestIdentityOf } from '../../src/contract/names.ts';
import type { AttemptHeartbeat } from '../../src/contract/workflow.ts';
import { readExecution, readLiveExecution } from '../../src/tasks/execution.ts';

const { PendingActivityState } = proto.temporal.api.enums.v1;
const started = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED;
const scheduled = PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED;

const { WorkflowExecutionStatus } = proto.temporal.api.enums.v1;

const payload = (value: unknown) => defaultPayloadConverter.toPayload(value) ?? {};

/** Reads the pending attempt from a describe response: one earlier attempt has failed, this one is pending. */
function described(
  attempt: number,
  state: typeof started | typeof scheduled,
  heartbeat?: AttemptHeartbeat,
  lastWorkerIdentity = '1@worker',
) {
  return readLiveExecution({
    workflowExecutionInfo: {
      execution: { workflowId: 'b8d4cb2c-0c1f-4c38-9bd0-5b9a4ad1b2f3' },
      type: { name: 'task' },
      status: WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
      searchAttributes: { indexedFields: { TaskOwner: payload('alice') } },
      memo: { fields: { attempt: payload(1) } },
    },
    pendingActivities: [
      {
        attempt,
        state,
        lastWorkerIdentity,
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

test('the first try of an activity is running as soon as a worker has it', () => {
  expect(described(1, scheduled)).toMatchObject({ started: false, running: false, attempt: 1 });
  expect(described(1, started)).toMatchObject({ started: true, running: true, attempt: 1 });
});

test('a try in a guest slot is running once its heartbeat says so: until then it may be refused', () => {
  const guest = guestIdentityOf('1@worker');
  expect(described(1, started, undefined, guest)).toMatchObject({ started: false, running: false });
  expect(described(1, started, heartbeatOf(2), guest)).toMatchObject({ started: true, running: true });
});

test('a later try is running once its heartbeat says so: until then its worker may be deferring it', () => {
  expect(described(2, started, heartbeatOf(2))).toMatchObject({ started: true, running: false, attempt: 2 });
  expect(described(2, started, heartbeatOf(3))).toMatchObject({ started: true, running: true, attempt: 2 });
});

test('a try that is deferred again is the same attempt as before, and is not running', () => {
  const { current: _none, ...deferred } = heartbeatOf(2, { deferred: 1, handed_back: 1, reported: 2 });
  expect(described(4, started, deferred)).toMatchObject({ running: false, attempt: 3 });
  expect(described(3, scheduled, deferred)).toMatchObject({ running: false, attempt: 2 });
});

test('a first attempt that was deferred, as by a worker that does not know its type, runs once its heartbeat says so', () => {
  const { current: _none, ...deferred } = heartbeatOf(2, { deferred: 1, handed_back: 1, reported: 1 });
  expect(described(2, started, deferred)).toMatchObject({ started: false, running: false, attempt: 1 });
  expect(described(2, started, heartbeatOf(2, { deferred: 1 }))).toMatchObject({ running: true, attempt: 1 });
});

test.each([
  [1, false],
  [3, false],
  [4, true],
])('a run whose workflow task is tried for the %i. time is stuck: %s', (attempt, isStuck) => {
  const execution = readLiveExecution({
    workflowExecutionInfo: {
      execution: { workflowId: 'b8d4cb2c-0c1f-4c38-9bd0-5b9a4ad1b2f3' },
      type: { name: 'task' },
      status: WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
      searchAttributes: { indexedFields: { TaskOwner: payload('alice') } },
    },
    pendingWorkflowTask: { attempt },
  });
  expect(execution).toMatchObject({ isBehind: true, isStuck });
});

test('a later try whose heartbeats are of an older version, which does not report this, is running', () => {
  const old: AttemptHeartbeat = { progress: null, checkpoint: null, handed_back: 0 };
  expect(described(2, started, old)).toMatchObject({ running: true });
});

test('predecessors whose ids are impossible are left out: the search for missed ends would query them', () => {
  const waitingFor = (after: unknown) =>
    readExecution({
      execution: { workflowId: 'b8d4cb2c-0c1f-4c38-9bd0-5b9a4ad1b2f3' },
      type: { name: 'task' },
      status: WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
      searchAttributes: { indexedFields: { TaskOwner: payload('alice') } },
      memo: { fields: { after: payload(after) } },
    })?.memo.after;
  expect(waitingFor(['0c9f7d86-94ab-4e0c-9a7e-6f1a6f0f7c11'])).toHaveLength(1);
  for (const odd of [["' OR 1=1"], 'abc', [1], {}, null]) expect(waitingFor(odd)).toBeUndefined();
});
