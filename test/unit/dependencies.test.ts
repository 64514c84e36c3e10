import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AfterPolicy,
  afterPolicies,
  isAcceptedOutcome,
  type PredecessorEnd,
  remainingPredecessors,
} from '../../src/contract/predecessors.ts';
import type { TaskInput } from '../../src/contract/workflow.ts';
import { aTaskInput } from '../support/task.ts';
import {
  becomeDue,
  initialState,
  applyCommand,
  predecessorEnded,
  type TaskState,
} from '../../workflows/state.ts';

const start = Date.parse('2030-01-01T00:00:00.000Z');
const ids = ['p', 'q', 'r'];
const ends: readonly PredecessorEnd[] = ['COMPLETED', 'FAILED', 'CANCELLED', 'DELETED'];

function input(changes: Partial<TaskInput>): TaskInput {
  return aTaskInput({ after: ids, ...changes });
}

type Message =
  | { readonly command: 'pause' | 'resume' | 'run-now' }
  | { readonly id: string; readonly ended: PredecessorEnd };

const message: fc.Arbitrary<Message> = fc.oneof(
  fc.record({ command: fc.constantFrom('pause', 'resume', 'run-now') }),
  fc.record({ id: fc.constantFrom(...ids, 'stranger'), ended: fc.constantFrom(...ends) }),
);

function take(state: TaskState, taken: Message, now: number): TaskState {
  return 'command' in taken
    ? applyCommand(state, { ...taken, by: 'o' }, now)
    : predecessorEnded(state, taken, now);
}

describe('a task with predecessors', () => {
  test('waits exactly until all of them have ended as its policy requires, whatever messages it gets and when', () => {
    const walks = fc.property(
      fc.array(message, { maxLength: 20 }),
      fc.constantFrom<AfterPolicy>(...afterPolicies),
      (messages, policy) => {
        let state = initialState(input({ after_policy: policy }), start);
        const ended = new Map<string, PredecessorEnd>();
        for (const taken of messages) {
          const next = take(state, taken, start + 1);
          // Only the first end reported of a predecessor counts, and none once the task is forbidden to run.
          if ('id' in taken && !ended.has(taken.id) && !state.ruledOutBy) ended.set(taken.id, taken.ended);
          expect(next.version > state.version || next.status === state.status).toBe(true);
          state = next;
          const left = ids.filter(
            (id) => !ended.has(id) || !isAcceptedOutcome(ended.get(id) ?? 'FAILED', policy),
          );
          expect(state.waitsFor).toEqual(left);
          expect(state.ruledOutBy !== null).toBe(ids.some((id) => ended.has(id) && left.includes(id)));
          expect(state.status).toBeOneOf(['PAUSED', left.length > 0 ? 'AFTER' : 'SCHEDULED']);
          expect(left.length === 0 || becomeDue(state, start) === state).toBe(true);
        }
      },
    );
    fc.assert(walks, { numRuns: 2000 });
  });

  test('starts with the ends that were known when its run was started', () => {
    const some = fc.property(
      fc.dictionary(fc.constantFrom(...ids), fc.constantFrom(...ends)),
      fc.constantFrom(undefined, ...afterPolicies),
      (known, policy) => {
        const predecessors_over = Object.entries(known).map(([id, ended]) => ({ id, ended }));
        const state = initialState(
          input({ predecessors_over, ...(policy && { after_policy: policy }) }),
          start,
        );
        const bad = predecessors_over.filter(({ ended }) => !isAcceptedOutcome(ended, policy));
        expect(state.waitsFor).toEqual(
          ids.filter((id) => !(id in known) || bad.some((ended) => ended.id === id)),
        );
        expect(state.ruledOutBy).toEqual(bad[0] ?? null);
      },
    );
    fc.assert(some);
  });

  test('waits for none of them if an earlier run has waited for all', () => {
    expect(remainingPredecessors(input({ after_met: true }))).toEqual([]);
    expect(initialState(input({ after_met: true }), start)).toMatchObject({
      status: 'SCHEDULED',
      ruledOutBy: null,
    });
  });
});
