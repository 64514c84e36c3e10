import proto, { type temporal } from '@temporalio/proto';
import { expect, test } from 'vitest';
import { repeatedWorkflowTask } from '../../src/tasks/repeated-workflow-task.ts';

type Event = temporal.api.history.v1.IHistoryEvent;

const { TimeoutType } = proto.temporal.api.enums.v1;
const seconds = (at: number) => ({ eventTime: { seconds: at as never, nanos: 0 } });
const started = (identity: string, at: number): Event => ({
  ...seconds(at),
  workflowTaskStartedEventAttributes: { identity },
});
const scheduled: Event = { workflowTaskScheduledEventAttributes: {} };
const completed: Event = { workflowTaskCompletedEventAttributes: {} };
const failed: Event = { workflowTaskFailedEventAttributes: {} };
const timedOut = (timeoutType: temporal.api.enums.v1.TimeoutType): Event => ({
  workflowTaskTimedOutEventAttributes: { timeoutType },
});
const lost = timedOut(TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE);
const notTaken = timedOut(TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START);

/** Asks about a run with these events, oldest first. */
const ask = (...events: Event[]) =>
  repeatedWorkflowTask(
    {
      async *eventsBackwards() {
        yield* events.toReversed();
      },
    },
    { workflowId: 'id', runId: 'run' },
  );

test('a worker that was lost with the last workflow task is found', async () => {
  const found = { kind: 'lost', worker: 'a', started_at: new Date(5000).toISOString() };
  expect(await ask(scheduled, started('a', 5), lost)).toEqual(found);
  expect(await ask(scheduled, started('a', 5), lost, scheduled, started('b', 9))).toEqual(found);
  const before = [scheduled, started('b', 3), completed];
  expect(await ask(...before, scheduled, started('a', 5), lost, scheduled)).toEqual(found);
});

test('one that was lost before that, or never took the workflow task, is not', async () => {
  expect(await ask(scheduled, started('a', 5))).toBeUndefined();
  expect(await ask(scheduled, started('a', 5), lost, scheduled, started('b', 9), completed)).toBeUndefined();
  expect(await ask(scheduled, notTaken, scheduled, started('b', 9))).toBeUndefined();
});

test('one whose end the server has rejected, because a message came first, is repeated', async () => {
  expect(await ask(scheduled, started('a', 5), failed, scheduled, started('b', 9))).toEqual({
    kind: 'rejected',
  });
});
