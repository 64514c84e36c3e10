import { pino, type Logger } from 'pino';
import type { Config } from '../config.ts';

/** JSON lines on stderr: stdout is for what a command answers. */
export function createLogger(config: Pick<Config, 'logLevel'>, role: string): Logger {
  return pino(
    { level: config.logLevel, base: { role, pid: process.pid }, redact: ['req.headers.authorization'] },
    pino.destination({ dest: 2, sync: false }),
  );
}
