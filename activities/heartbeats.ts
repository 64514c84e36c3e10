/** Also how soon a cancellation reaches the handler: the server answers heartbeats with it. */
const intervalMs = 800;
/** The SDK passes on two heartbeats a second, but encodes each that it is given, checkpoint and log included. */
const soonMs = 250;

/** The heartbeats of one attempt: at an interval, and soon after there is something to tell. */
export class Heartbeats {
  readonly #beat: () => void;
  #interval: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #lastAt = 0;

  constructor(beat: () => void) {
    this.#beat = beat;
  }

  start(): void {
    this.#interval = setInterval(() => this.now(), intervalMs);
  }

  now(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#lastAt = Date.now();
    this.#beat();
  }

  /** At once, unless the last one has only just been. */
  soon(): void {
    if (this.#soon) return;
    const wait = this.#lastAt + soonMs - Date.now();
    if (wait <= 0) this.now();
    else this.#soon = setTimeout(() => this.now(), wait);
  }

  stop(): void {
    clearInterval(this.#interval);
    clearTimeout(this.#soon);
  }
}
