import { pause } from '../lib/wait.ts';
import { errorMessage } from '../lib/error-message.ts';

/** One life of a process that can crash. */
export interface SupervisedProcess {
  /** Resolves with a description of how the life ended, whatever ended it. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

export interface SuperviseOptions<L extends SupervisedProcess> {
  /** Starts a life; resolves when it is serving. @throws when it doesn't come up. */
  readonly start: (signal: AbortSignal) => Promise<L>;
  /** Whether an error of `start` is permanent, so that starting again won't help. */
  readonly isFatal: (error: unknown) => boolean;
  readonly onFatal: (error: unknown) => void;
  /** Called when a life ended or didn't come up, and will be started again after the delay. */
  readonly onRestart: (reason: string, delayMs: number) => void;
  /** Called when a life serves that is not the first. */
  readonly onServingAgain?: () => void;
  readonly backoff?: Backoff;
}

export interface Backoff {
  readonly initialMs: number;
  readonly maximumMs: number;
  /** Duration of a life that resets the backoff, in milliseconds. */
  readonly healthyAfterMs: number;
}

export interface Supervisor<L extends SupervisedProcess> {
  /** Resolves with the first life that serves; never resolves if a fatal error or close() comes first. */
  readonly firstLife: Promise<L>;
  /** Ends the current life and starts no other; resolves when everything has ended. */
  close(): Promise<void>;
}

const defaultBackoff: Backoff = { initialMs: 500, maximumMs: 10_000, healthyAfterMs: 30_000 };
/**
 * Maximum number of starts until the first one succeeds. More are unlikely to help if none has ever served.
 */
const attemptsBeforeFirstLife = 3;

/**
 * Keeps a process alive: starting → serving → ended → (delay) → starting …, until close() or a fatal error.
 * An error is fatal if `isFatal` returns true for it, or if it is the last of three starts and none has ever
 * succeeded.
 */
export function supervise<L extends SupervisedProcess>(options: SuperviseOptions<L>): Supervisor<L> {
  const { start, isFatal, onFatal, onRestart, onServingAgain, backoff = defaultBackoff } = options;
  const closing = new AbortController();
  const { signal } = closing;
  let current: L | undefined;
  let served = (_life: L): void => undefined;
  const firstLife = new Promise<L>((resolve) => (served = resolve));

  const liveOnce = async (): Promise<string> => {
    const isFirst = current === undefined;
    current = await start(signal);
    if (!isFirst) onServingAgain?.();
    served(current);
    if (signal.aborted) await current.close();
    return current.ended;
  };
  const run = async (): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      const startedAt = performance.now();
      let reason: string;
      try {
        reason = await liveOnce();
      } catch (error) {
        if (signal.aborted) return;
        if (isFatal(error) || (current === undefined && failures + 1 >= attemptsBeforeFirstLife)) throw error;
        reason = errorMessage(error);
      }
      if (signal.aborted) return;
      failures = performance.now() - startedAt >= backoff.healthyAfterMs ? 1 : failures + 1;
      const delayMs = Math.min(backoff.initialMs * 2 ** (failures - 1), backoff.maximumMs);
      onRestart(reason, delayMs);
      await pause(delayMs, signal);
    }
  };
  const done = run().catch(onFatal);
  return {
    firstLife,
    async close() {
      closing.abort(new Error('closing'));
      await current?.close();
      await done;
    },
  };
}
