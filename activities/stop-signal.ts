/**
 * Distinguishes the two reasons for which Temporal asks a running attempt to stop with the same word: its task was
 * cancelled, or its workflow wanted to withdraw an attempt that, as it turns out, had started.
 *
 * The first must stop the handler. The second must not: the change that the withdrawal was for is rejected, and the task
 * runs as it was.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CancelledFailure } from '@temporalio/common';
import { stopReason } from './handler-guard.ts';

/** Interval at which an attempt that was not withdrawn asks whether it must stop, in milliseconds. */
const askIntervalMs = 500;

export interface StopSignalOptions {
  /** Fires when Temporal asks the attempt to stop. It fires once, whatever happens after that. */
  readonly asked: AbortSignal;
  /** Fires when the worker's grace time at shutdown is over. */
  readonly graceOver: AbortSignal;
  /** Returns why the attempt must stop: undefined if it was only to be withdrawn. */
  readonly whyStop: () => Promise<'cancelled' | 'given_up' | undefined>;
  /** Called once, when the attempt turns out to have started before it could be withdrawn. */
  readonly onWithdrawal: () => void;
  readonly onError: (error: unknown) => void;
}

export interface StopSignal {
  /** Fires once the handler has to stop, with Temporal's reason. */
  readonly signal: AbortSignal;
  /** Called when the attempt has ended. */
  close(): void;
}

export function createStopSignal(options: StopSignalOptions): StopSignal {
  const { asked, graceOver, whyStop, onWithdrawal, onError } = options;
  const stopping = new AbortController();
  const closed = new AbortController();

  async function handleRequest(): Promise<void> {
    if (stopReason(asked) !== 'Cancelled') {
      stopping.abort(asked.reason);
      return;
    }
    for (let isFirst = true; !closed.signal.aborted && !stopping.signal.aborted;) {
      try {
        const why = await whyStop();
        if (why !== undefined) {
          // The server's word for an attempt that it does not know any more.
          stopping.abort(why === 'cancelled' ? asked.reason : new CancelledFailure('NOT_FOUND'));
          return;
        }
        if (isFirst && !closed.signal.aborted) onWithdrawal();
        isFirst = false;
      } catch (error) {
        onError(error);
      }
      await sleep(askIntervalMs, undefined, { signal: closed.signal }).catch(() => undefined);
    }
  }

  // The word for it is Temporal's, which does not say it to an attempt that it has asked to stop before.
  const handBack = (): void => stopping.abort(new CancelledFailure('WORKER_SHUTDOWN'));
  const onAsked = (): void => {
    graceOver.addEventListener('abort', handBack, { signal: closed.signal });
    void handleRequest();
  };
  if (asked.aborted) onAsked();
  else asked.addEventListener('abort', onAsked, { once: true, signal: closed.signal });
  return { signal: stopping.signal, close: () => closed.abort() };
}
