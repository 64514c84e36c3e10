import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { expect, test } from 'vitest';
import type { AttemptReport, TaskCommand } from '../../src/contract/workflow.ts';
import { commandSignalName } from '../../src/contract/names.ts';
import { RunHistory } from '../../src/tasks/run-history.ts';
import { aTaskInput } from '../support/task.ts';

type Event = temporal.api.history.v1.IHistoryEvent;

const payloads = (value: unknown) => ({ payloads: [defaultPayloadConverter.toPayload(value)] });

const started: Event = { workflowExecutionStartedEventAttributes: { input: payloads(aTaskInput()) } };
const scheduled: Event = { activityTaskScheduledEventAttributes: {} };

function command(name: TaskCommand['command']): Event {
  const input = payloads({ command: name, by: 'alice' } satisfies TaskCommand);
  return { workflowExecutionSignaledEventAttributes: { signalName: commandSignalName, input } };
}

/** The end of an attempt that had started when its task was paused. */
function withdrawn(): Event {
  const report: AttemptReport = {
    attempt: 1,
    started_at: '2030-01-01T00:00:00.000Z',
    finished_at: '2030-01-01T00:00:01.000Z',
    worker: 'worker',
    outcome: 'cancelled',
    error: null,
    log: [],
  };
  return { activityTaskCanceledEventAttributes: { details: payloads(report) } };
}

test('the resume of a task that was paused while its first attempt started is in its history', () => {
  const history = new RunHistory('run');
  const events = [started, scheduled, command('pause'), withdrawn(), command('resume')];
  const types = events.flatMap((event) => history.entriesOf(event)).map(({ type }) => type);
  expect(types).toEqual(['created', 'due', 'paused', 'attempt', 'resumed']);
});
