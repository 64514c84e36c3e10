import { TaskFailure } from '../define.ts';

/** Data that will be as wrong on the next attempt. */
export function invalidData(message: string, cause?: unknown): TaskFailure {
  return new TaskFailure('InvalidData', message, { retryable: false, cause });
}
