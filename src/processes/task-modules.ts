import { ConfigError } from '../config.ts';
import { errorMessage } from '../lib/error-message.ts';

/** Returns the error of task types that cannot be loaded, in one line: Node's own messages can have several. */
export function taskModulesError(cause: unknown): ConfigError {
  const why = errorMessage(cause).replace(/\s*\n\s*/g, ' ');
  return new ConfigError(`TASKBELL_TASK_MODULES: ${why}`, { cause });
}
