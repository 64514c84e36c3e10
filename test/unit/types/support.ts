import { TaskFailure, type TaskContext } from '../../../activities/types/define.ts';

export interface RecordedContext extends TaskContext {
  readonly percents: number[];
  readonly warnings: string[];
}

/** A context that keeps what a handler tells it. */
export function createContext(overrides: Partial<TaskContext> = {}): RecordedContext {
  const percents: number[] = [];
  const warnings: string[] = [];
  return {
    taskId: 'b2f6e8f0-5d7a-4c7e-9a49-0a2d4c9f1e11',
    owner: { id: 'u1', name: 'alice' },
    attempt: 1,
    idempotencyKey: 'task.run',
    signal: new AbortController().signal,
    log: {
      info: (message) => void warnings.push(message),
      warn: (message) => void warnings.push(message),
      error: (message) => void warnings.push(message),
    },
    checkpoint: { read: () => undefined, write: () => undefined },
    progress: (percent) => void percents.push(percent),
    percents,
    warnings,
    ...overrides,
  };
}

/** The TaskFailure that an attempt must end with. */
export async function failureOf(attempt: Promise<unknown>): Promise<TaskFailure> {
  const outcome = await attempt.then(
    (result) => ({ result }),
    (error: unknown) => error,
  );
  if (outcome instanceof TaskFailure) return outcome;
  throw new Error('The attempt did not end with a TaskFailure', { cause: outcome });
}
