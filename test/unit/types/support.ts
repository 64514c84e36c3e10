import { TaskFailure, type TaskContext } from '../../../activities/types/define.ts';

export interface RecordedContext extends TaskContext {
  readonly percents: number[];
  readonly warnings: string[];
}

/** Creates a context that records the handler's progress and log messages. */
export function createContext(overrides: Partial<TaskContext> = {}): RecordedContext {
  const percents: number[] = [];
  const warnings: string[] = [];
  return {
    taskId: 'b2f6e8f0-5d7a-4c7e-9a49-0a2d4c9f1e11',
    owner: { id: 'u1', name: 'alice' },
    attempt: 1,
    idempotencyKey: 'task.run',
    schedule: null,
    signal: new AbortController().signal,
    log: {
      info: (message) => void warnings.push(message),
      warn: (message) => void warnings.push(message),
      error: (message) => void warnings.push(message),
    },
    checkpoint: { read: () => undefined, write: () => undefined },
    secret: async () => {
      throw new Error('There are no secrets in this test');
    },
    progress: (percent) => void percents.push(percent),
    percents,
    warnings,
    ...overrides,
  };
}

/** Returns the TaskFailure that an attempt ends with. @throws if it ends in any other way. */
export async function failureOf(attempt: Promise<unknown>): Promise<TaskFailure> {
  const outcome = await attempt.then(
    (result) => ({ result }),
    (error: unknown) => error,
  );
  if (outcome instanceof TaskFailure) return outcome;
  throw new Error('The attempt did not end with a TaskFailure', { cause: outcome });
}
