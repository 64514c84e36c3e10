/** Measurements of attempts, on both lanes. */
import { CancelledFailure } from '@temporalio/common';
import type { AttemptInput } from '../src/contract/workflow.ts';
import { noTelemetry, type Telemetry } from '../src/lib/telemetry.ts';
import type { HandlerPool } from './pool/pool.ts';

type MeasuredOutcome = 'completed' | 'cancelled' | 'failed';

/** Measures the duration of an attempt that has ended, whether its handler or its process failed. */
export function measureAttempt(
  { pool, telemetry = noTelemetry }: { readonly pool: HandlerPool; readonly telemetry?: Telemetry },
  input: Pick<AttemptInput, 'type'>,
  startedAt: number,
  outcome: MeasuredOutcome,
): void {
  // Labels come from a fixed set, so all unknown types share one.
  const type = pool.types.has(input.type) ? input.type : 'unknown';
  telemetry.observe('taskbell_attempt_seconds', (Date.now() - startedAt) / 1000, { type, outcome });
}

/** Returns the outcome that an error of an attempt is measured as. */
export function outcomeOf(error: unknown): MeasuredOutcome {
  return error instanceof CancelledFailure ? 'cancelled' : 'failed';
}
