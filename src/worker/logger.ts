import type { Logger as TemporalLogger, LogMetadata } from '@temporalio/worker';
import type { Logger } from 'pino';

type Level = 'error' | 'warn' | 'debug' | 'trace';

/** What the SDK finds worth an INFO (its worker's changes of state) is detail to whoever runs Taskbell. */
const levels = { ERROR: 'error', WARN: 'warn', INFO: 'debug', DEBUG: 'debug', TRACE: 'trace' } as const;

/** Of our two workers, one has the workflows and the other the attempts: the SDK finds that worth a warning. */
const intended = /^No (activities|workflows) registered, not polling/;

/** Sends the SDK's log lines where all of ours go. */
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
