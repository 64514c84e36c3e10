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

function reportOf(outcome: AttemptReport['outcome']): AttemptReport {
  return {
    attempt: 1,
    started_at: '2030-01-01T00:00:00.000Z',
    finished_at: '2030-01-01T00:00:01.000Z',
    worker: 'worker',
    outcome,
    error: null,
    log: [],
  };
}

/** The end of an attempt that had started when its task was paused. */
function withdrawn(): Event {
  return { activityTaskCanceledEventAttributes: { details: payloads(reportOf('cancelled')) } };
}

/** The failure of an attempt, as its activity reports it. */
function failed(): Event {
  const details = payloads({ report: reportOf('failed') });
  return { activityTaskFailedEventAttributes: { failure: { applicationFailureInfo: { details } } } };
}

test('the resume of a task that was paused while its first attempt started is in its history', () => {
  const history = new RunHistory('run');
  const events = [started, scheduled, command('pause'), withdrawn(), command('resume')];
  const types = events.flatMap((event) => history.entriesOf(event)).map(({ type }) => type);
  expect(types).toEqual(['created', 'due', 'paused', 'attempt', 'resumed']);
});

/** The marker of a local activity, as the SDK writes it. */
function marker(activity_type: string, result: unknown): Event {
  const details = {
    data: payloads({ seq: 1, attempt: 1, activity_id: '1', activity_type }),
    result: payloads(result),
  };
  return { markerRecordedEventAttributes: { markerName: 'core_local_activity', details } };
}

test('an attempt on the quick lane is in the history, and what looks like one in another marker is not', () => {
  const report = reportOf('completed');
  const typesOf = (...events: Event[]): string[] => {
    const history = new RunHistory('run');
    return [started, ...events].flatMap((event) => history.entriesOf(event)).map(({ type }) => type);
  };
  expect(typesOf(marker('quickAttempt', { result: {}, report }))).toEqual(['created', 'due', 'attempt']);
  expect(typesOf(marker('quickAttempt', { moved: true, reason: 'busy' }))).toEqual(['created']);
  const moved = { moved: true, reason: 'too long', report: reportOf('handed_back') };
  expect(typesOf(marker('quickAttempt', moved), scheduled)).toEqual(['created', 'due', 'attempt']);
  expect(typesOf(marker('lookUpPredecessor', { result: {}, report }))).toEqual(['created']);
});

test('a pause that came after the attempt had started has no effect, and neither has the resume after it', () => {
  const history = new RunHistory('run');
  const events = [started, scheduled, command('pause'), failed(), command('resume')];
  const types = events.flatMap((event) => history.entriesOf(event)).map(({ type }) => type);
  expect(types).toEqual(['created', 'due', 'attempt']);
});
