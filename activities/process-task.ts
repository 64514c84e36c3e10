/**
 * One attempt at a task, as a Temporal activity. It
 * - leaves the guest slot to tasks of other owners (slots.ts),
 * - reports earlier attempts that were lost, which only the server and the last heartbeat know of,
 * - leaves tasks of unknown types to other workers, and fails those that lose their workers,
 * - runs the handler in a process of the pool, with heartbeats that carry log, progress and checkpoint,
 * - and says in its failure whether the task's own retry policy applies, or the server should retry.
 */
import type { JsonValue } from '../src/contract/json.ts';
import type { AttemptInput, AttemptSuccess } from '../src/contract/workflow.ts';
import {
  type ActivityAttempt,
  createAttempt,
  type ProcessTaskDependencies,
  reportInterrupted,
} from './activity-attempt.ts';
import { activityFailure, giveUp, isLostTooOften } from './attempt-failure.ts';
import type { TypeRules } from './pool/messages.ts';
import { notItsTurn, refusal, unknownType } from './put-back.ts';
import { runHandler } from './run-handler.ts';

/** Time after which an attempt is reported to its workflow, in milliseconds. */
const announceAfterMs = 1000;

export function createProcessTask(dependencies: ProcessTaskDependencies) {
  return async function processTask(input: AttemptInput): Promise<AttemptSuccess> {
    const leaveSlot = dependencies.slots.enter(input.owner.id);
    if (!leaveSlot) throw await refusal(dependencies, input);
    try {
      return await attemptTask(createAttempt(dependencies, input));
    } finally {
      leaveSlot();
    }
  };
}

async function attemptTask(attempt: ActivityAttempt): Promise<AttemptSuccess> {
  const { dependencies, input, tries } = attempt;
  // Started first: sending the reports of other attempts takes time, and this one must not count as lost
  // meanwhile.
  attempt.heartbeats.start();
  try {
    if (isLostTooOften(tries)) throw await giveUp(attempt);
    await reportInterrupted(attempt, tries.unreported);
    const rules = dependencies.pool.types.get(input.type);
    if (!rules) throw unknownType(attempt);
    return await runInTurn(attempt, rules);
  } finally {
    attempt.announcement.close();
    attempt.heartbeats.stop();
    attempt.stop.close();
  }
}

async function runInTurn(attempt: ActivityAttempt, rules: TypeRules): Promise<AttemptSuccess> {
  const { dependencies, input, tries, record, stop, startedAt } = attempt;
  const turn = dependencies.probation.admit(tries.lost);
  if (!turn) throw notItsTurn(attempt);
  announceSoon(attempt);
  if (tries.attempt === 1 && input.due_at !== undefined)
    dependencies.measures.firstAttemptStarted(input.type, Date.parse(input.due_at), startedAt);
  try {
    await turn.settle(stop.signal);
    const result = await run(attempt, rules);
    const report = record.report('completed', null);
    dependencies.measures.attemptEnded(input.type, report);
    return { result, report };
  } catch (error) {
    throw await activityFailure(error, attempt);
  } finally {
    turn.end();
  }
}

function run(
  { dependencies, workflow, input, tries, record, stop }: ActivityAttempt,
  rules: TypeRules,
): Promise<JsonValue> {
  const { pool, slots, findSecret, graceOver } = dependencies;
  const { isGuest } = slots;
  const { signal: stopping } = stop;
  const acquire = (signal: AbortSignal) => pool.acquire(signal, isGuest);
  return runHandler({
    pool,
    acquire,
    rules,
    input,
    attempt: tries.attempt,
    workflow,
    record,
    findSecret,
    stopping,
    graceOver,
  });
}

/** Confirms the start with a heartbeat where that is expected, and notifies the workflow after a second. */
function announceSoon({ dependencies, activity, heartbeats, announcement }: ActivityAttempt): void {
  // Also replaces the earlier try's heartbeat on the server, in case this try is lost as well.
  if (activity.info.attempt > 1 || dependencies.slots.isGuest) heartbeats.now();
  announcement.after(announceAfterMs);
}
