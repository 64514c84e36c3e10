import { pino, type DestinationStream, type Logger } from 'pino';
import type { Config } from '../config.ts';
import type { ProcessRole } from './role.ts';

/** Logs to stderr, since stdout is for a command's output: plain lines on a terminal, otherwise JSON lines. */
export function createLogger(config: Pick<Config, 'logLevel'>, role: ProcessRole | 'web-ui'): Logger {
  const destination = process.stderr.isTTY
    ? plainLines(process.stderr)
    : pino.destination({ dest: 2, sync: false });
  return pino({ level: config.logLevel, base: { role, pid: process.pid } }, destination);
}

/**
 * Returns a function that logs the error of a component that fails to close. The rest is closed nevertheless.
 */
export function logCloseErrors(logger: Logger): (error: unknown) => void {
  return (error) => logger.error({ err: error }, 'failed to close a component');
}

function plainLines(stream: NodeJS.WritableStream): DestinationStream {
  return { write: (line) => void stream.write(`${plainLine(JSON.parse(line) as LogLine)}\n`) };
}

/** The fields of a pino line that plain lines show. */
interface LogLine {
  readonly level: number;
  readonly time: number;
  readonly role: string;
  readonly msg?: string;
  readonly err?: { readonly message?: string; readonly stack?: string };
  readonly reason?: string;
}

/**
 * Returns the text without characters that would move the cursor, or begin what looks like another line: it may have
 * parts of requests. The lines of a stack trace are indented.
 */
function printable(text: string): string {
  return text
    .replaceAll(/\r?\n/g, '\n    ')
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (each) =>
      each === '\n' || each === '\t' ? each : `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
}

/** @example `11:40:01 worker WARN Temporal cannot be reached: connection refused` */
export function plainLine({ level, time, role, msg = '', err, reason }: LogLine): string {
  const clock = new Date(time).toTimeString().slice(0, 8);
  const label = pino.levels.labels[level]?.toUpperCase() ?? '';
  // A stack trace is worth its lines only where something is broken.
  const why = reason ?? (level >= 50 ? (err?.stack ?? err?.message) : err?.message);
  const parts = [
    clock,
    role,
    ...(label === 'INFO' ? [] : [label]),
    why === undefined ? msg : `${msg}: ${why}`,
  ];
  return printable(parts.join(' '));
}
