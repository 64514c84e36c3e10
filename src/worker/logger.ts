import type { Logger as TemporalLogger, LogMetadata } from '@temporalio/worker';
import type { Logger } from 'pino';

type Level = 'error' | 'warn' | 'debug' | 'trace';

/**
 * Our level for each of the SDK's. What the SDK logs as INFO (its worker's state changes) is only a detail to
 * operators.
 */
const levels = { ERROR: 'error', WARN: 'warn', INFO: 'debug', DEBUG: 'debug', TRACE: 'trace' } as const;

/** An SDK warning about something intended: one of our two workers has the workflows, the other the attempts. */
const intended = /^No (activities|workflows) registered, not polling/;

/** Sends the SDK's log lines to our own logger. */
export function temporalLogger(logger: Logger): TemporalLogger {
  const write = (level: Level) => (message: string, meta?: LogMetadata) => {
    const { error, ...rest } = meta ?? {};
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
