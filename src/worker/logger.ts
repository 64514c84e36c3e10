import { ApplicationFailure } from '@temporalio/common';
import type { Logger as TemporalLogger, LogMetadata } from '@temporalio/worker';
import type { Logger } from 'pino';
import { taskIdOf } from '../contract/run-id.ts';
import type { AttemptFailure } from '../contract/workflow.ts';
import { truncateBytes } from '../contract/text.ts';

type Level = 'error' | 'warn' | 'debug' | 'trace';

/**
 * Our level for each of the SDK's. What the SDK logs as INFO (its worker's state changes) is only a detail to
 * operators.
 */
const levels = { ERROR: 'error', WARN: 'warn', INFO: 'debug', DEBUG: 'debug', TRACE: 'trace' } as const;

/** An SDK warning about something intended: one of our workers has the workflows, the others the attempts. */
const intended = /^No (activities|workflows) registered, not polling/;

/** Maximum size of the reason for which an attempt failed, in bytes. Its owner can read all of it in the API. */
const maxReasonBytes = 300;

/**
 * Sends the SDK's log lines to our own logger. Failures of tasks are part of normal operation: they get one line for
 * each attempt, without the failure's details, which are the owner's data (log lines, checkpoint).
 */
export function temporalLogger(logger: Logger): TemporalLogger {
  const write =
    (level: Level) =>
    (message: string, meta: LogMetadata = {}) => {
      const { error, ...rest } = meta;
      if (error instanceof ApplicationFailure) {
        logAttempt(logger, level, meta, error);
        return;
      }
      if (endsTask(message, error)) {
        logger.debug(rest, message);
        return;
      }
      const actual = intended.test(message) ? 'debug' : level;
      logger[actual]({ ...rest, ...(error === undefined ? {} : { err: error }) }, message);
    };
  return {
    log: (level, message, meta) => write(levels[level])(message, meta),
    error: write('error'),
    warn: write('warn'),
    info: write('debug'),
    debug: write('debug'),
    trace: write('trace'),
  };
}

/** Logs a failure that our activity reports. Other errors of an activity are defects, which need their stack. */
function logAttempt(
  logger: Logger,
  level: Level,
  { workflowId }: LogMetadata,
  error: ApplicationFailure,
): void {
  const task = taskIdOf(String(workflowId));
  // An attempt that another one replaces (handed back, lost, deferred) has no details, and the SDK's number counts
  // from the last backoff only.
  const [{ report } = {}] = (error.details ?? []) as Partial<AttemptFailure>[];
  const which = report ? `attempt ${report.attempt}` : 'an attempt';
  const reason = `${error.type ?? 'Error'}: ${error.message}`.replace(/\s+/g, ' ');
  logger[level](
    { task, ...(report && { attempt: report.attempt }), reason: truncateBytes(reason, maxReasonBytes) },
    `task ${task}: ${which} failed`,
  );
}

/**
 * Returns whether a line is about a task that has failed. Its last attempt, if it had one, has been logged already; a
 * task that a predecessor has ruled out had none. The error comes from another thread, which keeps of its class only
 * the name in the stack.
 */
function endsTask(message: string, error: unknown): boolean {
  return (
    message === 'Workflow failed' &&
    error instanceof Error &&
    error.stack?.startsWith('ApplicationFailure:') === true
  );
}
