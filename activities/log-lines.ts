import { truncateBytes } from '../src/contract/text.ts';

/** Maximum number of lines kept, and so of those in one report of a handler. */
export const maxLines = 200;
const maxBytes = 16 * 1024;
/** Maximum size of a line, in bytes. */
export const maxLineBytes = 2 * 1024;

/** The last lines of an attempt's log. Bounded, since they travel in heartbeats and failures. */
export class LogLines {
  #lines: string[] = [];
  #bytes = 0;

  get size(): number {
    return this.#lines.length;
  }

  /** @param line a line with its time and level, from {@link logLine}. */
  add(line: string): void {
    const kept = truncateBytes(line, maxLineBytes);
    this.#lines.push(kept);
    this.#bytes += Buffer.byteLength(kept);
    while (this.#lines.length > maxLines || this.#bytes > maxBytes) {
      this.#bytes -= Buffer.byteLength(this.#lines.shift() ?? '');
    }
  }

  /** Returns the lines so far. */
  list(): string[] {
    return [...this.#lines];
  }

  /** Returns the lines so far and removes them. */
  take(): string[] {
    const lines = this.#lines;
    this.#lines = [];
    this.#bytes = 0;
    return lines;
  }
}

export function logLine(level: 'INFO' | 'WARN' | 'ERROR', message: string): string {
  return `${new Date().toISOString()} ${level} ${message}`;
}
