import type { AnyTaskType, TaskTypes } from '../types/index.ts';
import type { TypeRules } from './messages.ts';

const defaultCleanupSeconds = 10;

export function rulesOf(types: TaskTypes): Record<string, TypeRules> {
  return Object.fromEntries(types.list().map((type) => [type.name, rulesFor(type)]));
}

function rulesFor({ retryOn, cleanupSeconds = defaultCleanupSeconds, mayBeQuick }: AnyTaskType): TypeRules {
  const { softTimeLimit = true, timeLimit = false, memoryLimit = false } = retryOn ?? {};
  return {
    retryOn: { softTimeLimit, timeLimit, memoryLimit },
    cleanupMs: cleanupSeconds * 1000,
    mayBeQuick,
  };
}
