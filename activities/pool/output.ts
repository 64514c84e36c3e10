import type { ChildProcess } from 'node:child_process';
import type { SecretMask } from '../secret-mask.ts';

export interface PoolLogger {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Maximum length of a line, in UTF-16 units. */
const maxLineLength = 2000;
/** Maximum number of lines per second; the rest is only counted. */
const maxLines = 100;

export interface OutputOptions {
  readonly logger: PoolLogger;
  /** Returns the process and its task. */
  readonly facts: () => object;
  /** The secrets to replace, before lines are cut. */
  readonly mask: SecretMask;
  /** Called when V8 prints that it is ending the process because its heap is full. */
  readonly onOutOfHeap: () => void;
}

/** Writes what handlers print (console.log, a crash's last output) to the worker's log, with process and task. */
export function forwardOutput(
  child: Pick<ChildProcess, 'stdout' | 'stderr'>,
  { logger, facts, mask, onOutOfHeap }: OutputOptions,
): void {
  // Enough for the whole of each secret of which the line has the beginning.
  const kept = (): number => maxLineLength + mask.overlap;
  const shown = (line: string): string =>
    mask.text(line.slice(0, kept()), maxLineLength).slice(0, maxLineLength);
  const info = limited((line) => logger.info(facts(), shown(line)));
  const warn = limited((line) => logger.warn(facts(), shown(line)));
  if (child.stdout) eachLine(child.stdout, kept, info);
  if (!child.stderr) return;
  eachLine(child.stderr, kept, (line) => {
    if (line.startsWith('FATAL ERROR') && line.includes('heap out of memory')) onOutOfHeap();
    warn(line);
  });
}

/** @param maxLength returns how much of a line is kept until its end arrives */
function eachLine(
  stream: NodeJS.ReadableStream,
  maxLength: () => number,
  write: (line: string) => void,
): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    // An endless line must not grow forever.
    rest = (lines.pop() ?? '').slice(0, maxLength());
    for (const line of lines) write(line);
  });
  stream.on('end', () => {
    if (rest !== '') write(rest);
  });
}

function limited(write: (line: string) => void): (line: string) => void {
  let second = 0;
  let lines = 0;
  return (line) => {
    const now = Math.floor(performance.now() / 1000);
    if (now !== second) {
      if (lines > maxLines) write(`(${lines - maxLines} more lines left out)`);
      second = now;
      lines = 0;
    }
    lines += 1;
    if (lines <= maxLines) write(line);
  };
}
