import { CancelledFailure } from '@temporalio/common';
import type { AttemptInput } from '../src/contract/workflow.ts';
import type { HandlerProcess, KillReason } from './pool/handler-process.ts';
import type { TypeRules } from './pool/messages.ts';
import type { StopReason } from './types/define.ts';
import { softLimitMessage } from './verdict.ts';

export interface Guarded {
  readonly input: Pick<AttemptInput, 'soft_time_limit' | 'time_limit'>;
  readonly rules: Pick<TypeRules, 'cleanupMs'>;
  /** Fires on a cancellation of the task, and when the worker's grace time at shutdown is over. */
  readonly stopping: AbortSignal;
}

type Guardable = Pick<HandlerProcess, 'stop' | 'kill'>;

/** What a handler has for its last checkpoint at a shutdown: the attempt is to begin elsewhere soon. */
const shutdownMs = 2000;

/** Tells a handler to stop when it must, and kills its process when it does not. */
export class Guard {
  /** Why the handler was told to stop. A cancellation counts, whatever came before it. */
  stopped: StopReason | undefined;
  readonly #process: Guardable;
  readonly #guarded: Guarded;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #heed = (): void => this.#heedStopping();

  /** @param handlerProcess that has begun to run the handler. */
  constructor(handlerProcess: Guardable, guarded: Guarded) {
    this.#process = handlerProcess;
    this.#guarded = guarded;
    const { input, stopping } = guarded;
    this.#after(input.soft_time_limit * 1000, () => {
      if (!this.stopped) this.#stop('SoftTimeLimitExceeded', softLimitMessage(input));
    });
    this.#killAfter(input.time_limit * 1000, 'TimeLimitExceeded');
    if (stopping.aborted) this.#heedStopping();
    else stopping.addEventListener('abort', this.#heed, { once: true });
  }

  release(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#guarded.stopping.removeEventListener('abort', this.#heed);
  }

  #heedStopping(): void {
    if (isShutdown(this.#guarded.stopping)) {
      this.#stop('WorkerShutdown', 'The worker shuts down');
      this.#killAfter(shutdownMs, 'WorkerShutdown');
    } else {
      this.#stop('Cancelled', 'The task is cancelled');
      this.#killAfter(this.#guarded.rules.cleanupMs, 'Cancelled');
    }
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

/** Temporal's word for it, in the reason of an activity's cancellation. */
export function isShutdown({ reason }: AbortSignal): boolean {
  return reason instanceof CancelledFailure && reason.message === 'WORKER_SHUTDOWN';
}
