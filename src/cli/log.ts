import { pino, type DestinationStream, type Logger } from 'pino';
import type { Config } from '../config.ts';

/** On stderr, since stdout is for what a command answers: JSON lines for machines, plain ones for a terminal. */
export function createLogger(config: Pick<Config, 'logLevel'>, role: string): Logger {
  const destination = process.stderr.isTTY
    ? plainLines(process.stderr)
    : pino.destination({ dest: 2, sync: false });
  return pino({ level: config.logLevel, base: { role, pid: process.pid } }, destination);
}

function plainLines(stream: NodeJS.WritableStream): DestinationStream {
  return { write: (line) => void stream.write(`${plainLine(JSON.parse(line) as LogLine)}\n`) };
}

/** What pino writes of a line that concerns people. */
interface LogLine {
  readonly level: number;
  readonly time: number;
  readonly role: string;
  readonly msg?: string;
  readonly err?: { readonly message?: string; readonly stack?: string };
  readonly reason?: string;
}

/** @example `11:40:01 worker WARN Activity failed: no such file` */
export function plainLine({ level, time, role, msg = '', err, reason }: LogLine): string {
  const clock = new Date(time).toTimeString().slice(0, 8);
  const label = pino.levels.labels[level]?.toUpperCase() ?? '';
  // A stack is worth its lines only where something is broken.
  const why = reason ?? (level >= 50 ? (err?.stack ?? err?.message) : err?.message);
  const parts = [
    clock,
    role,
    ...(label === 'INFO' ? [] : [label]),
    why === undefined ? msg : `${msg}: ${why}`,
  ];
  return parts.join(' ');
}
