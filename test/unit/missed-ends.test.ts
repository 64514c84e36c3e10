import proto from '@temporalio/proto';
import { defaultPayloadConverter } from '@temporalio/common';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import type { EndedPredecessor } from '../../src/contract/predecessors.ts';
import { readLiveExecution } from '../../src/tasks/execution.ts';
import {
  type EndSource,
  type EndSubscriber,
  type EndSubscribers,
  NotifiedEnds,
  notifyMissedEnds,
} from '../../src/tasks/missed-ends.ts';
import { watchForMissedEnds } from '../../src/worker/end-watch.ts';

const { WorkflowExecutionStatus } = proto.temporal.api.enums.v1;
const statuses = {
  open: WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING,
  completed: WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_COMPLETED,
  terminated: WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED,
};

/** Creates a store of these tasks, whose lists lag: none of the tasks is in them. */
function storeOf(tasks: Readonly<Record<string, keyof typeof statuses>>): EndSource {
  return {
    list: () => Promise.resolve({ executions: [], nextPageToken: undefined }),
    describe(id) {
      const status = tasks[id];
      if (status === undefined) return Promise.resolve(undefined);
      const owner = defaultPayloadConverter.toPayload('alice') ?? {};
      const workflowExecutionInfo = {
        execution: { workflowId: '5a5d3b1e-7c52-4a55-9d0e-0c8f5d1f9f10' },
        type: { name: 'task' },
        status: statuses[status],
        searchAttributes: { indexedFields: { TaskOwner: owner } },
      };
      return Promise.resolve(readLiveExecution({ workflowExecutionInfo }));
    },
  };
}

/** Subscribers that record what they are notified of. */
class Recorder implements EndSubscribers {
  readonly kind: string;
  readonly heard: string[] = [];
  readonly #waiting = new Map<string, EndSubscriber[]>();
  looks = 0;
  failing = false;

  constructor(kind = 'listeners') {
    this.kind = kind;
  }

  waits(key: string, ...taskIds: string[]): this {
    for (const taskId of taskIds) {
      const subscriber = { key, notify: (predecessor: EndedPredecessor) => this.#notify(key, predecessor) };
      this.#waiting.set(taskId, [...(this.#waiting.get(taskId) ?? []), subscriber]);
    }
    return this;
  }

  find(): Promise<ReadonlyMap<string, readonly EndSubscriber[]>> {
    this.looks += 1;
    return Promise.resolve(this.#waiting);
  }

  async #notify(key: string, { id, ended }: EndedPredecessor): Promise<void> {
    if (this.failing) throw new Error('out of reach');
    this.heard.push(`${key}: ${id} ${ended}`);
  }
}

describe('ends that no workflow has reported', () => {
  test('are reported to each subscriber, with their outcome', async () => {
    const store = storeOf({ a: 'completed', b: 'terminated', c: 'open' });
    const listeners = new Recorder().waits('one', 'a', 'b', 'c').waits('two', 'a', 'deleted');
    expect(await notifyMissedEnds(store, listeners, new NotifiedEnds())).toBe(3);
    expect(listeners.heard.toSorted()).toEqual([
      'one: a COMPLETED',
      'one: b FAILED',
      'two: a COMPLETED',
      'two: deleted DELETED',
    ]);
  });

  test('are reported once to a subscriber that still waits, and to one that comes later', async () => {
    const store = storeOf({ a: 'completed' });
    const listeners = new Recorder().waits('one', 'a');
    const notified = new NotifiedEnds();
    expect(await notifyMissedEnds(store, listeners, notified)).toBe(1);
    expect(await notifyMissedEnds(store, listeners, notified)).toBe(0);
    expect(await notifyMissedEnds(store, listeners.waits('two', 'a'), notified)).toBe(1);
    expect(listeners.heard).toEqual(['one: a COMPLETED', 'two: a COMPLETED']);
  });

  test('are reported again to a subscriber that could not be notified', async () => {
    const store = storeOf({ a: 'completed' });
    const listeners = new Recorder().waits('one', 'a');
    const notified = new NotifiedEnds();
    listeners.failing = true;
    await expect(notifyMissedEnds(store, listeners, notified)).rejects.toThrow('out of reach');
    listeners.failing = false;
    expect(await notifyMissedEnds(store, listeners, notified)).toBe(1);
    expect(listeners.heard).toEqual(['one: a COMPLETED']);
  });
});

describe('the watch', () => {
  test('looks again after a pause, and logs how many ends it has reported', async () => {
    const lines: unknown[] = [];
    const logger = pino({ base: null }, { write: (line) => void lines.push(JSON.parse(line)) });
    const listeners = new Recorder();
    const watch = watchForMissedEnds({
      store: storeOf({ a: 'completed' }),
      subscribers: [listeners],
      logger,
      restMs: 1,
    });
    await expect.poll(() => listeners.looks, { interval: 5 }).toBeGreaterThan(2);
    listeners.waits('one', 'a');
    await expect.poll(() => listeners.heard, { interval: 5 }).toEqual(['one: a COMPLETED']);
    await watch.close();
    expect(lines).toEqual([
      expect.objectContaining({ notified: 1, msg: 'notified listeners of missed task ends' }),
    ]);
  });

  test('reports ends to one kind of subscribers even if another cannot be notified', async () => {
    const broken = new Recorder('broken').waits('one', 'a');
    broken.failing = true;
    const listeners = new Recorder().waits('two', 'a');
    const watch = watchForMissedEnds({
      store: storeOf({ a: 'completed' }),
      subscribers: [broken, listeners],
      logger: pino({ level: 'silent' }),
      restMs: 1,
    });
    await expect.poll(() => listeners.heard, { interval: 5 }).toEqual(['two: a COMPLETED']);
    // The next look makes up for the one that failed.
    broken.failing = false;
    await expect.poll(() => broken.heard, { interval: 5 }).toEqual(['one: a COMPLETED']);
    await watch.close();
  });
});
