import type { Logger as TemporalLogger, LogMetadata } from '@temporalio/worker';
import type { Logger } from 'pino';

/** Sends the SDK's log lines where all of ours go. */
export function temporalLogger(logger: Logger): TemporalLogger {
  const write =
    (level: 'error' | 'warn' | 'info' | 'debug' | 'trace') => (message: string, meta?: LogMetadata) =>
      logger[level]({ ...meta, ...(meta?.['error'] ? { err: meta['error'] } : {}) }, message);
  return {
    log: (level, message, meta) => write(levels[level])(message, meta),
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    trace: write('trace'),
  };
}

const levels = { ERROR: 'error', WARN: 'warn', INFO: 'info', DEBUG: 'debug', TRACE: 'trace' } as const;
