import { pause } from '../pause.ts';

/** One life of something that can crash. */
export interface Life {
  /** Resolves with how it ended, whoever ended it. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

export interface SuperviseOptions<L extends Life> {
  /** Resolves when it serves. @throws when it doesn't come up. */
  readonly start: (signal: AbortSignal) => Promise<L>;
  /** An error of `start` that time won't mend. */
  readonly isFatal: (error: unknown) => boolean;
  readonly onFatal: (error: unknown) => void;
  /** It ended or didn't come up, and will be started again after the delay. */
  readonly onRestart: (reason: string, delayMs: number) => void;
  readonly backoff?: Backoff;
}

export interface Backoff {
  readonly initialMs: number;
  readonly maximumMs: number;
  /** A life that lasted as long starts the backoff anew. */
  readonly healthyAfterMs: number;
}

export interface Supervisor<L extends Life> {
  /** Resolves with the first life that serves; never, when a fatal error or close() comes first. */
  readonly firstLife: Promise<L>;
  /** Ends the present life and starts none again; resolves when all is ended. */
  close(): Promise<void>;
}

const defaultBackoff: Backoff = { initialMs: 500, maximumMs: 10_000, healthyAfterMs: 30_000 };
/** Something that never served will hardly do so by trying on. */
const attemptsBeforeFirstLife = 3;

/**
 * Keeps something alive: starting → serving → ended → (delay) → starting …, until close(), or a fatal error. That is
 * one for which `isFatal` says so, or the last of three starts when none ever succeeded.
 */
export function supervise<L extends Life>(options: SuperviseOptions<L>): Supervisor<L> {
  const { start, isFatal, onFatal, onRestart, backoff = defaultBackoff } = options;
  const closing = new AbortController();
  const { signal } = closing;
  let current: L | undefined;
  let served = (_life: L): void => undefined;
  const firstLife = new Promise<L>((resolve) => (served = resolve));

  const liveOnce = async (): Promise<string> => {
    current = await start(signal);
    served(current);
    if (signal.aborted) await current.close();
    return current.ended;
  };
  const run = async (): Promise<void> => {
    let failures = 0;
    while (!signal.aborted) {
      const startedAt = Date.now();
      let reason: string;
      try {
        reason = await liveOnce();
      } catch (error) {
        if (signal.aborted) return;
        if (isFatal(error) || (current === undefined && failures + 1 >= attemptsBeforeFirstLife)) throw error;
        reason = error instanceof Error ? error.message : String(error);
      }
      if (signal.aborted) return;
      failures = Date.now() - startedAt >= backoff.healthyAfterMs ? 1 : failures + 1;
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
