import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { expect, test } from 'vitest';
import { attemptInterruptedSignalName } from '../../src/contract/names.ts';
import type { AttemptReport } from '../../src/contract/workflow.ts';
import { attemptsIn } from '../../src/tasks/attempts.ts';
import type { ServiceContext } from '../../src/tasks/context.ts';
import type { LiveExecution } from '../../src/tasks/execution.ts';
import { readHistory } from '../../src/tasks/history.ts';
import { aTaskInput } from '../support/task.ts';

type Event = temporal.api.history.v1.IHistoryEvent;

const payloads = (value: unknown) => ({ payloads: [defaultPayloadConverter.toPayload(value)] });
const report = (attempt: number, outcome: AttemptReport['outcome']): AttemptReport => ({
  attempt,
  outcome,
  started_at: '2030-01-01T00:00:00.000Z',
  finished_at: '2030-01-01T00:00:01.000Z',
  worker: 'w',
  error: null,
  log: [],
});
const interrupted = (attempt: number, outcome: 'lost' | 'handed_back'): Event => ({
  workflowExecutionSignaledEventAttributes: {
    signalName: attemptInterruptedSignalName,
    input: payloads({ report: report(attempt, outcome) }),
  },
});

/** Reads the history of an ended run with these events. */
async function historyOf(events: readonly Event[], limit: number) {
  const execution = { id: 'a', runId: 'r', owner: 'o', version: 1, status: 'completed', memo: {} };
  const store = {
    describe: () => Promise.resolve(execution as LiveExecution),
    list: () => Promise.resolve({ executions: [], nextPageToken: undefined }),
    async *events() {
      yield* events;
    },
  };
  const read = (from?: { runId: string; skip: number }) =>
    readHistory({ store } as unknown as ServiceContext, { id: 'o', name: 'o', role: 'user' }, 'a', {
      limit,
      from,
    });
  const first = await read();
  const pages = [first];
  for (let next = first.next; next; next = pages.at(-1)?.next) pages.push(await read(next));
  return pages.flatMap(({ entries }) => entries);
}

test.each([1, 2, 50])(
  'the history shows each interrupted attempt as the attempts of the task do: by its last report (%i a page)',
  async (limit) => {
    const events: Event[] = [
      { workflowExecutionStartedEventAttributes: { input: payloads(aTaskInput()) } },
      interrupted(1, 'handed_back'),
      interrupted(1, 'lost'),
      interrupted(2, 'lost'),
      { activityTaskCompletedEventAttributes: { result: payloads({ report: report(3, 'completed') }) } },
      { workflowExecutionCompletedEventAttributes: {} },
    ];
    const entries = await historyOf(events, limit);
    const attempts = await attemptsIn(
      (async function* backwards() {
        yield* events.toReversed();
      })(),
    );
    expect(entries.map(({ type }) => type)).toEqual([
      'created',
      'attempt',
      'attempt',
      'attempt',
      'completed',
    ]);
    expect(entries.flatMap(({ attempt }) => attempt ?? [])).toEqual(attempts);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['lost', 'lost', 'completed']);
  },
);
