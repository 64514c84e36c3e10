import { TaskFailure } from '../define.ts';

/** Returns a non-retryable failure: the data will be just as invalid on the next attempt. */
export function invalidData(message: string, cause?: unknown): TaskFailure {
  return new TaskFailure('InvalidData', message, { retryable: false, cause });
}
