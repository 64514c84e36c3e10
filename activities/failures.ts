import { inspect } from 'node:util';
import type { ErrorReport } from '../src/contract/workflow.ts';
import { truncateBytes } from '../src/contract/text.ts';
import { TaskFailure } from './types/define.ts';

/** Keeps a failure, with its log, well below what the server stores of one. */
const maxMessageBytes = 4 * 1024;

/** A day: the longest wait that a handler can ask for. */
const maxRetryAfterMs = 86_400_000;

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
    return { report: reportOf(type, error.message), retryable, retryAfterMs: bounded(retryAfterMs) };
  }
  const report =
    error instanceof Error
      ? reportOf(error.name, error.message || error.name)
      : reportOf('Error', `The handler threw no Error but ${inspect(error, { depth: 1 })}`);
  return { report, retryable: true, retryAfterMs: undefined };
}

/** A handler may ask for anything; a date that no calendar has would stop the workflow for good. */
function bounded(retryAfterMs: number | undefined): number | undefined {
  if (retryAfterMs === undefined || !(retryAfterMs > 0)) return undefined;
  return Math.min(Math.round(retryAfterMs), maxRetryAfterMs);
}

/** Of errors from handlers even the members' types are hearsay. */
function reportOf(type: unknown, message: unknown): ErrorReport {
  return { type: truncateBytes(text(type), 100), message: truncateBytes(text(message), maxMessageBytes) };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 1 });
}
