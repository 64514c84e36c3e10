import { CancelledFailure } from '@temporalio/common';
import type { AttemptInput } from '../src/contract/workflow.ts';
import type { HandlerProcess } from './pool/handler-process.ts';
import type { TypeRules } from './pool/messages.ts';
import type { KillReason } from './pool/process-outcome.ts';
import type { StopReason } from './types/define.ts';
import { softLimitMessage } from './verdict.ts';

export interface Guarded {
  readonly input: Pick<AttemptInput, 'soft_time_limit' | 'time_limit'>;
  readonly rules: Pick<TypeRules, 'cleanupMs'>;
  /** Fires once: when the task is cancelled, the worker's grace time is over, or the attempt is given up. */
  readonly stopping: AbortSignal;
  /** Fires when the worker's grace time at shutdown is over, even if `stopping` has already fired. */
  readonly graceOver: AbortSignal;
  /** Time for the handler's last checkpoint if another attempt follows, in milliseconds; 2 s by default. */
  readonly handBackMs?: number;
  /** The message of the stop signal if the attempt is given up; by default, that the server has done so. */
  readonly givenUp?: string;
}

type Guardable = Pick<HandlerProcess, 'stop' | 'kill'>;

/**
 * Time for a handler's last checkpoint if its attempt starts, or has started, again elsewhere, in
 * milliseconds.
 */
const defaultHandBackMs = 2000;

/** Asks a handler to stop when it must, and kills its process if it doesn't. */
export class HandlerGuard {
  /** Why the handler was asked to stop. A cancellation replaces any earlier reason. */
  stopped: StopReason | undefined;
  readonly #process: Guardable;
  readonly #guarded: Guarded;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #onStopping = (): void => this.#handleStopping();
  /** Also cuts short the clean-up after a cancellation, since the worker would not wait for it. */
  readonly #onGraceOver = (): void => this.#killAfter(defaultHandBackMs, 'WorkerShutdown');

  /** @param handlerProcess process that has been given the handler to run. */
  constructor(handlerProcess: Guardable, guarded: Guarded) {
    this.#process = handlerProcess;
    this.#guarded = guarded;
    const { input, stopping, graceOver } = guarded;
    this.#after(input.soft_time_limit * 1000, () => {
      if (!this.stopped) this.#stop('SoftTimeLimitExceeded', softLimitMessage(input));
    });
    this.#killAfter(input.time_limit * 1000, 'TimeLimitExceeded');
    whenAborted(stopping, this.#onStopping);
    whenAborted(graceOver, this.#onGraceOver);
  }

  release(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#guarded.stopping.removeEventListener('abort', this.#onStopping);
    this.#guarded.graceOver.removeEventListener('abort', this.#onGraceOver);
  }

  #handleStopping(): void {
    const reason = stopReason(this.#guarded.stopping);
    const { givenUp = words.AttemptWithdrawn } = this.#guarded;
    this.#stop(reason, reason === 'AttemptWithdrawn' ? givenUp : words[reason]);
    const { rules, handBackMs = defaultHandBackMs } = this.#guarded;
    this.#killAfter(reason === 'Cancelled' ? rules.cleanupMs : handBackMs, reason);
  }

  #stop(reason: StopReason, message: string): void {
    this.stopped = reason;
    this.#process.stop(reason, message);
  }

  #killAfter(ms: number, reason: KillReason): void {
    this.#after(ms, () => this.#process.kill(reason));
  }

  #after(ms: number, act: () => void): void {
    this.#timers.push(setTimeout(act, ms));
  }
}

const words = {
  Cancelled: 'The task was cancelled',
  WorkerShutdown: 'The worker is shutting down',
  AttemptWithdrawn: 'The server has given up this attempt',
} as const;

/**
 * Maps Temporal's reason for an activity's cancellation to ours. Several don't mean that the task was
 * cancelled.
 */
export function stopReason({ reason }: AbortSignal): keyof typeof words {
  const word = reason instanceof CancelledFailure ? reason.message : '';
  if (word === 'WORKER_SHUTDOWN') return 'WorkerShutdown';
  return word === 'CANCELLED' ? 'Cancelled' : 'AttemptWithdrawn';
}

function whenAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
}
