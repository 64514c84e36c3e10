/**
 * Interval between heartbeats, in milliseconds. Also bounds how quickly a cancellation reaches the handler:
 * it arrives in the heartbeat's response.
 */
const intervalMs = 800;
/**
 * Minimum time between a heartbeat and an early one, in milliseconds. The SDK sends two heartbeats a second,
 * but encodes each one it is given, checkpoint and log included.
 */
const soonMs = 250;

/** Sends the heartbeats of one attempt: at an interval, and early when there is something to report. */
export class Heartbeats {
  readonly #beat: () => void;
  #interval: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(beat: () => void) {
    this.#beat = beat;
  }

  start(): void {
    this.#interval = setInterval(() => this.now(), intervalMs);
  }

  now(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#lastAt = performance.now();
    this.#beat();
  }

  /** Sends a heartbeat at once, or a little later if the last one was only just sent. */
  soon(): void {
    if (this.#soon) return;
    const wait = this.#lastAt + soonMs - performance.now();
    if (wait <= 0) this.now();
    else this.#soon = setTimeout(() => this.now(), wait);
  }

  stop(): void {
    clearInterval(this.#interval);
    clearTimeout(this.#soon);
  }
}
