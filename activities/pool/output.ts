import type { ChildProcess } from 'node:child_process';
import { truncateCharacters } from '../../src/contract/text.ts';

export interface PoolLogger {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

const maxLineLength = 2000;
/** Maximum number of lines per second; the rest is only counted. */
const maxLines = 100;

/**
 * Writes what handlers print (console.log, a crash's last output) to the worker's log, with process and task.
 * @param onOutOfHeap called when V8 prints that it is ending the process because its heap is full.
 */
export function forwardOutput(
  child: ChildProcess,
  logger: PoolLogger,
  facts: () => object,
  onOutOfHeap: () => void,
): void {
  const info = limited((line) => logger.info(facts(), line));
  const warn = limited((line) => logger.warn(facts(), line));
  if (child.stdout) eachLine(child.stdout, info);
  if (!child.stderr) return;
  eachLine(child.stderr, (line) => {
    if (line.startsWith('FATAL ERROR') && line.includes('heap out of memory')) onOutOfHeap();
    warn(line);
  });
}

function eachLine(stream: NodeJS.ReadableStream, write: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    // An endless line must not grow forever.
    rest = (lines.pop() ?? '').slice(0, maxLineLength);
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
    if (lines <= maxLines) write(truncateCharacters(line, maxLineLength));
  };
}
