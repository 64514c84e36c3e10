/**
 * Number of lines taken within a second, and at once. More than our own code in the process sends (report-sender.ts), of
 * which the last lines must not be dropped.
 */
const linesPerSecond = 50_000;

/**
 * Limits the log lines that a worker takes from a handler process. The process limits them itself, but a handler can
 * send messages of its own.
 */
export class LineBudget {
  #left = linesPerSecond;
  #refilledAt = performance.now();

  /** Returns whether this many lines are taken. */
  take(lines: number): boolean {
    const now = performance.now();
    this.#left = Math.min(linesPerSecond, this.#left + ((now - this.#refilledAt) / 1000) * linesPerSecond);
    this.#refilledAt = now;
    if (this.#left < lines) return false;
    this.#left -= lines;
    return true;
  }
}
