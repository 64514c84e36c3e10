import { logLine, LogLines } from '../log-lines.ts';
import type { Told } from './messages.ts';

/** Messages that may go out at once, in kilobytes and counting at least one each; then as many again in this time. */
const burst = 64;
const refillMs = 100;

/**
 * Passes on what a handler has to say: at once, so that it is known even if the handler then blocks its process or
 * crashes; but a handler that talks without end must not drown its worker, so beyond a burst the words are gathered,
 * and the latest sent some times a second.
 */
export class Teller {
  readonly #send: (told: Told) => void;
  readonly #log = new LogLines();
  #progress: Told['progress'];
  #checkpoint: Told['checkpoint'];
  #credit = burst;
  #creditedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(send: (told: Told) => void) {
    this.#send = send;
  }

  log(level: 'INFO' | 'WARN' | 'ERROR', message: string): void {
    this.#log.add(logLine(level, message));
    this.#tell();
  }

  progress(percent: number, message: string): void {
    this.#progress = { percent, message };
    this.#tell();
  }

  /** @param json the checkpoint's. */
  checkpoint(json: string): void {
    this.#checkpoint = json;
    this.#tell();
  }

  /** Sends what is left. Whatever the handler says later (in a timer it forgot, say) belongs to no attempt. */
  close(): void {
    this.#flush();
    this.#closed = true;
  }

  #tell(): void {
    const now = performance.now();
    this.#credit = Math.min(burst, this.#credit + ((now - this.#creditedAt) / refillMs) * burst);
    this.#creditedAt = now;
    if (this.#credit > 0) this.#flush();
    else this.#timer ??= setTimeout(() => this.#tellLater(), refillMs);
  }

  #tellLater(): void {
    this.#timer = undefined;
    this.#tell();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#closed) return;
    const told: Told = {
      ...(this.#log.size === 0 ? {} : { log: this.#log.take() }),
      ...(this.#progress && { progress: this.#progress }),
      ...(this.#checkpoint === undefined ? {} : { checkpoint: this.#checkpoint }),
    };
    if (Object.keys(told).length === 0) return;
    this.#progress = undefined;
    this.#checkpoint = undefined;
    // Something large may go out when there is any credit at all, and is then paid off.
    this.#credit -= Math.max(1, sizeOf(told) / 1024);
    this.#send(told);
  }
}

/** In characters. What is sent stays in memory until the handler lets its event loop run. */
function sizeOf({ log = [], checkpoint = '' }: Told): number {
  return log.reduce((sum, line) => sum + line.length, checkpoint.length);
}
