import { inspect } from 'node:util';
import { boundedRetryAfterMs, maxErrorMessageBytes } from '../src/contract/limits.ts';
import type { ErrorReport } from '../src/contract/workflow.ts';
import { truncateBytes } from '../src/contract/text.ts';
import { TaskFailure } from './types/define.ts';

/** The worker is shutting down: the attempt begins again elsewhere and counts for nothing. */
export class WorkerShutdown extends Error {
  override readonly name = 'WorkerShutdown';
  constructor() {
    super('The worker shut down; the attempt begins again elsewhere');
  }
}

/** The abort reason at the soft limit: the handler may still clean up and report. */
export class SoftTimeLimitExceeded extends Error {
  override readonly name = 'SoftTimeLimitExceeded';
  constructor(seconds: number) {
    super(`The attempt went over its soft time limit of ${seconds} s`);
  }
}

export interface DescribedFailure {
  readonly report: ErrorReport;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
}

/** Reads whatever a handler threw. Anything that does not say otherwise is worth a retry. */
export function describeFailure(error: unknown): DescribedFailure {
  if (error instanceof TaskFailure) {
    const { type, retryable, retryAfterMs } = error;
    const granted = retryAfterMs === undefined ? undefined : boundedRetryAfterMs(retryAfterMs);
    return { report: reportOf(type, error.message), retryable, retryAfterMs: granted };
  }
  const report =
    error instanceof Error
      ? reportOf(error.name, error.message || error.name)
      : reportOf('Error', `The handler threw no Error but ${inspect(error, { depth: 1 })}`);
  return { report, retryable: true, retryAfterMs: undefined };
}

/** Of errors from handlers even the members' types are hearsay. */
function reportOf(type: unknown, message: unknown): ErrorReport {
  return {
    type: truncateBytes(text(type), 100),
    message: truncateBytes(text(message), maxErrorMessageBytes),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 1 });
}
