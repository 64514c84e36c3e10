import { logLine, LogLines } from '../log-lines.ts';
import type { HandlerReport } from './messages.ts';

/**
 * Size of a burst, in kilobytes (a message counts as at least one), and time to refill it, in milliseconds.
 */
const burst = 64;
const refillMs = 100;

/**
 * Forwards what a handler reports: at once, so that the worker has it even if the handler then blocks its
 * process or crashes. A handler that reports endlessly must not flood its worker, so beyond a burst, reports
 * are collected and the latest are sent a few times a second.
 */
export class ReportSender {
  readonly #send: (report: HandlerReport) => void;
  readonly #log = new LogLines();
  #progress: HandlerReport['progress'];
  #checkpoint: HandlerReport['checkpoint'];
  #credit = burst;
  #creditedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(send: (report: HandlerReport) => void) {
    this.#send = send;
  }

  log(level: 'INFO' | 'WARN' | 'ERROR', message: string): void {
    this.#log.add(logLine(level, message));
    this.#sendOrDefer();
  }

  progress(percent: number, message: string): void {
    this.#progress = { percent, message };
    this.#sendOrDefer();
  }

  /** @param json the checkpoint as JSON. */
  checkpoint(json: string): void {
    this.#checkpoint = json;
    this.#sendOrDefer();
  }

  /** Sends what is left. Whatever the handler reports later (in a forgotten timer, say) belongs to no attempt. */
  close(): void {
    this.#flush();
    this.#closed = true;
  }

  #sendOrDefer(): void {
    const now = performance.now();
    this.#credit = Math.min(burst, this.#credit + ((now - this.#creditedAt) / refillMs) * burst);
    this.#creditedAt = now;
    if (this.#credit > 0) this.#flush();
    else this.#timer ??= setTimeout(() => this.#sendDeferred(), refillMs);
  }

  #sendDeferred(): void {
    this.#timer = undefined;
    this.#sendOrDefer();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#closed) return;
    const report: HandlerReport = {
      ...(this.#log.size === 0 ? {} : { log: this.#log.take() }),
      ...(this.#progress && { progress: this.#progress }),
      ...(this.#checkpoint === undefined ? {} : { checkpoint: this.#checkpoint }),
    };
    if (Object.keys(report).length === 0) return;
    this.#progress = undefined;
    this.#checkpoint = undefined;
    // A large message can be sent if there is any credit at all, and is then paid off.
    this.#credit -= Math.max(1, sizeOf(report) / 1024);
    this.#send(report);
  }
}

/**
 * Returns a report's size, in characters. What is sent stays in memory until the handler lets its event loop
 * run.
 */
function sizeOf({ log = [], checkpoint = '' }: HandlerReport): number {
  return log.reduce((sum, line) => sum + line.length, checkpoint.length);
}
