import { CancelledFailure } from '@temporalio/common';
import type { JsonValue } from '../src/contract/json.ts';
import type { AttemptInput } from '../src/contract/workflow.ts';
import type { AttemptRecord } from './attempt-record.ts';
import { Guard, type Guarded, isShutdown } from './guard.ts';
import type { HandlerProcess } from './pool/handler-process.ts';
import type { HandlerInput, TypeRules } from './pool/messages.ts';
import type { HandlerPool } from './pool/pool.ts';
import { handedBack, verdict } from './verdict.ts';

export interface HandlerRun extends Guarded {
  readonly pool: HandlerPool;
  readonly rules: TypeRules;
  readonly input: AttemptInput;
  readonly attempt: number;
  readonly workflow: { readonly workflowId: string; readonly runId: string };
  readonly record: AttemptRecord;
}

/**
 * Runs a handler in a process of the pool, under its limits. Settles once the handler has really stopped.
 * @returns its result.
 * @throws CancelledFailure, AttemptInterrupted, or TaskFailure.
 */
export async function runHandler(run: HandlerRun): Promise<JsonValue> {
  const { pool, record, input, rules } = run;
  const handlerProcess = await acquire(run);
  const ending = handlerProcess.run(handlerInput(run), (told) => record.take(told));
  const guard = new Guard(handlerProcess, run);
  try {
    const end = await ending;
    return verdict(end, { input, rules, maxMemoryMb: pool.maxMemoryMb, stopped: guard.stopped });
  } finally {
    guard.release();
    pool.release(handlerProcess);
  }
}

async function acquire({ pool, stopping }: HandlerRun): Promise<HandlerProcess> {
  try {
    return await pool.acquire(stopping);
  } catch (error) {
    if (!stopping.aborted) throw error;
    throw isShutdown(stopping) ? handedBack() : new CancelledFailure('Task cancelled');
  }
}

function handlerInput({ input, attempt, workflow, record }: HandlerRun): HandlerInput {
  const { workflowId, runId } = workflow;
  return {
    taskType: input.type,
    payload: input.payload,
    taskId: workflowId,
    owner: input.owner,
    attempt,
    idempotencyKey: `${workflowId}.${runId}`,
    ...(record.checkpoint === null ? {} : { checkpoint: JSON.stringify(record.checkpoint) }),
  };
}
