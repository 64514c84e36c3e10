export interface Closers {
  /** Number of things that are still to be closed. */
  readonly size: number;
  /** Adds something that has been started. */
  add(close: () => Promise<void> | void): void;
  /** Closes everything, the last one started first. Closes nothing twice, and never rejects. */
  close(): Promise<void>;
}

/**
 * Collects what a process has started: open → closed.
 * @param onError receives the error of each thing that fails to close. The others are closed nevertheless.
 */
export function createClosers(onError: (error: unknown) => void): Closers {
  const open: (() => Promise<void> | void)[] = [];
  return {
    get size() {
      return open.length;
    },
    add: (close) => void open.push(close),
    async close() {
      for (let close = open.pop(); close !== undefined; close = open.pop()) {
        try {
          await close();
        } catch (error) {
          onError(error);
        }
      }
    },
  };
}
