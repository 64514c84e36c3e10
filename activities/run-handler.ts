import { CancelledFailure } from '@temporalio/common';
import type { JsonValue } from '../src/contract/json.ts';
import { taskIdOf } from '../src/contract/run-id.ts';
import type { AttemptInput } from '../src/contract/workflow.ts';
import type { AttemptRecord } from './attempt-record.ts';
import { AttemptInterrupted } from './failures.ts';
import type { FindSecret } from './find-secret.ts';
import { HandlerGuard, type Guarded, stopReason } from './handler-guard.ts';
import type { HandlerProcess } from './pool/handler-process.ts';
import type { HandlerInput, TypeRules } from './pool/messages.ts';
import type { HandlerPool } from './pool/pool.ts';
import { handedBack, verdict } from './verdict.ts';

export interface HandlerRun extends Guarded {
  readonly pool: HandlerPool;
  /** Returns a process of the pool for the attempt. Rejects with the signal's reason once that has fired. */
  readonly acquire: (stopping: AbortSignal) => Promise<HandlerProcess>;
  readonly rules: TypeRules;
  readonly input: AttemptInput;
  readonly attempt: number;
  readonly workflow: { readonly workflowId: string; readonly runId: string };
  readonly record: AttemptRecord;
  readonly findSecret: FindSecret;
}

/**
 * Runs a handler in a process of the pool, under its limits. Settles once the handler has really stopped.
 * @returns the handler's result.
 * @throws CancelledFailure, AttemptInterrupted, TaskFailure, or what `acquire` throws.
 */
export async function runHandler(run: HandlerRun): Promise<JsonValue> {
  for (let tries = 1; ; tries += 1) {
    const ended = await runOnce(run);
    if (ended !== notStarted) return ended.result;
    if (tries >= maxTries) throw unusable();
  }
}

const notStarted = Symbol('not started');
/**
 * Maximum number of processes to try: one may have died idle, or be blocked by what an earlier handler left
 * behind.
 */
const maxTries = 3;

async function runOnce(run: HandlerRun): Promise<{ result: JsonValue } | typeof notStarted> {
  const { pool, record, input, rules, findSecret } = run;
  const handlerProcess = await acquire(run);
  const isFresh = handlerProcess.attempts === 1;
  const ending = handlerProcess.run(handlerInput(run), (update) => record.take(update), findSecret);
  const guard = new HandlerGuard(handlerProcess, run);
  try {
    const end = await ending;
    if (end.kind === 'not_started' && !guard.stopped) return notStarted;
    const { stopped } = guard;
    return { result: verdict(end, { input, rules, maxMemoryMb: pool.maxMemoryMb, stopped, isFresh }) };
  } finally {
    guard.release();
    pool.release(handlerProcess);
  }
}

function unusable(): AttemptInterrupted {
  const message = 'The worker has no process that could run the handler';
  return new AttemptInterrupted('lost', 'ProcessKilled', message);
}

async function acquire({ acquire, stopping }: HandlerRun): Promise<HandlerProcess> {
  try {
    return await acquire(stopping);
  } catch (error) {
    if (!stopping.aborted) throw error;
    const reason = stopReason(stopping);
    throw reason === 'Cancelled' ? new CancelledFailure('Task cancelled') : handedBack(reason, false);
  }
}

function handlerInput({ input, attempt, workflow, record }: HandlerRun): HandlerInput {
  const taskId = taskIdOf(workflow.workflowId);
  const { runId } = workflow;
  return {
    taskType: input.type,
    payload: input.payload,
    taskId,
    owner: input.owner,
    attempt,
    idempotencyKey: `${taskId}.${runId}`,
    ...(input.schedule && { schedule: input.schedule }),
    ...(record.checkpoint === null ? {} : { checkpoint: JSON.stringify(record.checkpoint) }),
  };
}
