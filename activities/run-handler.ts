import { CancelledFailure, type Context } from '@temporalio/activity';
import type { JsonValue } from '../src/contract/json.ts';
import type { AttemptInput } from '../src/contract/workflow.ts';
import type { AttemptRecord } from './attempt-record.ts';
import { keptJson } from './kept-json.ts';
import { SoftTimeLimitExceeded, WorkerShutdown } from './failures.ts';
import { TaskFailure, type TaskContext } from './types/define.ts';
import type { AnyTaskType } from './types/index.ts';

const maxResultBytes = 256 * 1024;

interface HandlerRun {
  readonly type: AnyTaskType;
  readonly input: AttemptInput;
  readonly record: AttemptRecord;
  readonly activity: Context;
  readonly attempt: number;
  readonly workflow: { readonly workflowId: string; readonly runId: string };
}

/**
 * Runs a handler under its time limits.
 * @returns its result, checked to be JSON of an acceptable size.
 * @throws CancelledFailure, WorkerShutdown, SoftTimeLimitExceeded, TaskFailure, or what the handler threw.
 */
export async function runHandler(run: HandlerRun): Promise<JsonValue> {
  const { activity, input } = run;
  const stopping = new AbortController();
  const limits = startLimits(input, stopping);
  const forward = (): void => stopping.abort(stopReason(activity));
  activity.cancellationSignal.addEventListener('abort', forward, { once: true });
  if (activity.cancellationSignal.aborted) forward();
  try {
    const handler = run.type.run(handlerContext(run, stopping.signal), input.payload);
    const result = await Promise.race([handler, limits.hardLimit]);
    // A handler that returns after a cancellation has still been cancelled: nobody wants its result any more.
    if (stopping.signal.reason instanceof CancelledFailure) throw stopping.signal.reason;
    return keptJson('Result', result, maxResultBytes);
  } catch (error) {
    throw interrupted(stopping.signal, error);
  } finally {
    limits.clear();
    activity.cancellationSignal.removeEventListener('abort', forward);
  }
}

function handlerContext({ record, workflow, input, attempt }: HandlerRun, signal: AbortSignal): TaskContext {
  const { workflowId, runId } = workflow;
  return {
    ...record.members(),
    taskId: workflowId,
    owner: input.owner,
    attempt,
    idempotencyKey: `${workflowId}.${runId}`,
    signal,
  };
}

function startLimits({ soft_time_limit, time_limit }: AttemptInput, stopping: AbortController) {
  const soft = setTimeout(
    () => stopping.abort(new SoftTimeLimitExceeded(soft_time_limit)),
    soft_time_limit * 1000,
  );
  let hard: NodeJS.Timeout | undefined;
  const hardLimit = new Promise<never>((_resolve, reject) => {
    hard = setTimeout(() => {
      const message = `The attempt went over its time limit of ${time_limit} s`;
      const failure = new TaskFailure('TimeLimitExceeded', message, { retryable: false });
      stopping.abort(failure);
      reject(failure);
    }, time_limit * 1000).unref();
  });
  return {
    hardLimit,
    clear: () => {
      clearTimeout(soft);
      clearTimeout(hard);
    },
  };
}

function stopReason({ cancellationSignal }: Context): Error {
  const reason: unknown = cancellationSignal.reason;
  if (!(reason instanceof CancelledFailure)) return new CancelledFailure('CANCELLED');
  return reason.message === 'WORKER_SHUTDOWN' ? new WorkerShutdown() : reason;
}

/**
 * What an error means once the attempt was told to stop: a cancelled handler may throw anything while it winds up,
 * and that must not turn the cancellation into a failure.
 */
function interrupted(signal: AbortSignal, error: unknown): unknown {
  const reason: unknown = signal.reason;
  if (reason instanceof CancelledFailure || reason instanceof WorkerShutdown) return reason;
  if (reason instanceof SoftTimeLimitExceeded && !(error instanceof TaskFailure)) return reason;
  return error;
}
