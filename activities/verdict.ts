/**
 * Decides what the end of a handler's run means for its attempt. The full mapping, from the cause to the
 * status:
 *
 *     cause                  handler or process         verdict                       outcome      status
 *     (StopReason,           (ProcessOutcome)           (returned or thrown here)     (of the      (of the
 *     KillReason)                                                                     attempt)     task)
 *
 *     none                   returned                   its result                    completed    COMPLETED
 *                            threw                      TaskFailure, as thrown        failed       [1]
 *                            exited                     TaskFailure ProcessExited     failed       [1]
 *                            crashed                    TaskFailure ProcessCrashed    failed       [1]
 *                            was killed from outside,   AttemptInterrupted            lost         [2]
 *                            or by an earlier handler
 *     SoftTimeLimitExceeded  threw, no TaskFailure      TaskFailure of this type      failed       [1]
 *                            anything else              as without a cause
 *     TimeLimitExceeded,     was killed by us           TaskFailure of this type      failed       [1]
 *     MemoryLimitExceeded
 *     WorkerShutdown,        returned                   its result                    completed    COMPLETED [3]
 *     AttemptWithdrawn       was killed from outside    AttemptInterrupted            lost         [2]
 *                            anything else              AttemptInterrupted            handed_back  [2]
 *     Cancelled              anything                   CancelledFailure              cancelled    CANCELLED [4]
 *
 * If there are several causes, Cancelled takes precedence, then the one for which we killed the process. If
 * the process never called the handler, an attempt that was asked to stop is handed back, and any other gets
 * another process (run-handler.ts).
 *
 * [1] RUNNING if the failure is retryable and retries are left: the workflow schedules the next attempt. FAILED
 *     otherwise.
 * [2] Unchanged: the server starts another attempt, which uses up no retry. The fifth loss counts as a
 *     failure: see [1].
 * [3] If the server has already given up an attempt that was withdrawn, it ignores the result.
 * [4] If the workflow cancels only the attempt, to withdraw it for a pause or an edit, an attempt that has started is
 *     not asked to stop (stop-signal.ts).
 */
import { CancelledFailure } from '@temporalio/common';
import type { JsonValue } from '../src/contract/json.ts';
import type { AttemptInput } from '../src/contract/workflow.ts';
import { AttemptInterrupted } from './failures.ts';
import type { TypeRules } from './pool/messages.ts';
import type { KillReason, ProcessOutcome } from './pool/process-outcome.ts';
import { TaskFailure, type StopReason } from './types/define.ts';

export interface RunContext {
  readonly input: Pick<AttemptInput, 'soft_time_limit' | 'time_limit'>;
  readonly rules: Pick<TypeRules, 'retryOn'>;
  readonly maxMemoryMb: number;
  /** Why the handler was asked to stop, if it was. */
  readonly stopped: StopReason | undefined;
  /** Whether the process had run no other handler before, so that all its memory is due to this one. */
  readonly isFresh: boolean;
}

/**
 * @returns the handler's result.
 * @throws CancelledFailure, {@link AttemptInterrupted}, or TaskFailure.
 */
export function verdict(end: ProcessOutcome, circumstances: RunContext): JsonValue {
  const { stopped } = circumstances;
  // What a handler does once its task is cancelled no longer matters.
  if (stopped === 'Cancelled') throw new CancelledFailure('Task cancelled');
  switch (end.kind) {
    case 'completed':
      return JSON.parse(end.result);
    case 'not_started':
      // The handler was asked to stop before its process had called it.
      throw handedBack(stopped, false);
    case 'died':
      throw (end.killedFor && killed(end.killedFor, circumstances)) ?? died(end, stopped);
    case 'failed': {
      // A handler that was asked to stop may throw anything while it stops.
      if (startsElsewhere(stopped)) throw handedBack(stopped);
      const { type, message, retryable, retryAfterMs, deliberate } = end.failure;
      if (stopped === 'SoftTimeLimitExceeded' && !deliberate) throw overSoftLimit(circumstances);
      throw new TaskFailure(type, message, { retryable, retryAfterMs });
    }
  }
}

function killed(reason: KillReason, { input, rules, maxMemoryMb, isFresh }: RunContext): Error | undefined {
  switch (reason) {
    case 'TimeLimitExceeded': {
      const message = `The attempt exceeded its time limit of ${input.time_limit} s`;
      return new TaskFailure(reason, message, { retryable: rules.retryOn.timeLimit });
    }
    case 'MemoryLimitExceeded': {
      const message = `The attempt exceeded one and a half times the memory limit of ${maxMemoryMb} MB`;
      return new TaskFailure(reason, message, { retryable: rules.retryOn.memoryLimit || !isFresh });
    }
    case 'WorkerShutdown':
    case 'AttemptWithdrawn':
      return handedBack(reason);
    case 'Cancelled':
    case 'SoftTimeLimitExceeded':
      return undefined;
  }
}

function died(
  { code, signal, byAnother }: Extract<ProcessOutcome, { kind: 'died' }>,
  stopped: StopReason | undefined,
): Error {
  if (byAnother) {
    const message = "Something that an earlier handler left behind ended this handler's process";
    return new AttemptInterrupted('lost', 'ProcessKilled', message);
  }
  // Killed from outside, for example by the kernel's out-of-memory killer, not by the handler itself.
  if (signal === 'SIGKILL') {
    return new AttemptInterrupted('lost', 'ProcessKilled', "The handler's process was killed from outside");
  }
  // A handler may also stop by ending its process.
  if (startsElsewhere(stopped)) return handedBack(stopped);
  if (signal === null) {
    const message = `The handler ended its process with exit code ${code}`;
    return new TaskFailure('ProcessExited', message, { retryable: true });
  }
  return new TaskFailure('ProcessCrashed', `The handler crashed its process (${signal})`, {
    retryable: true,
  });
}

/** Returns whether another attempt takes over after such a stop. */
function startsElsewhere(stopped: StopReason | undefined): boolean {
  return stopped === 'WorkerShutdown' || stopped === 'AttemptWithdrawn';
}

function overSoftLimit({ input, rules }: RunContext): TaskFailure {
  const retryable = rules.retryOn.softTimeLimit;
  return new TaskFailure('SoftTimeLimitExceeded', softLimitMessage(input), { retryable });
}

export function softLimitMessage({ soft_time_limit }: Pick<AttemptInput, 'soft_time_limit'>): string {
  return `The attempt exceeded its soft time limit of ${soft_time_limit} s`;
}

export function handedBack(stopped?: StopReason, hasStarted = true): AttemptInterrupted {
  const message =
    stopped === 'AttemptWithdrawn'
      ? 'Temporal withdrew the attempt: someone failed, paused or reset its activity there, or no heartbeat arrived'
      : 'The worker handed the attempt back, as it does at shutdown; another attempt will start';
  return new AttemptInterrupted('handed_back', 'HandedBack', message, hasStarted);
}
