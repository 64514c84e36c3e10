import { CancelledFailure } from '@temporalio/common';
import type { AttemptInput } from '../src/contract/workflow.ts';
import type { HandlerProcess, KillReason } from './pool/handler-process.ts';
import type { TypeRules } from './pool/messages.ts';
import type { StopReason } from './types/define.ts';
import { softLimitMessage } from './verdict.ts';

export interface Guarded {
  readonly input: Pick<AttemptInput, 'soft_time_limit' | 'time_limit'>;
  readonly rules: Pick<TypeRules, 'cleanupMs'>;
  /** Fires once: on a cancellation of the task, when the worker's grace time is over, when the server gives the attempt up. */
  readonly stopping: AbortSignal;
  /** Fires when the worker's grace time at shutdown is over, whatever came before. */
  readonly graceOver: AbortSignal;
}

type Guardable = Pick<HandlerProcess, 'stop' | 'kill'>;

/** What a handler has for its last checkpoint where the attempt is to begin elsewhere soon, or has begun there. */
const handBackMs = 2000;

/** Tells a handler to stop when it must, and kills its process when it does not. */
export class Guard {
  /** Why the handler was told to stop. A cancellation counts, whatever came before it. */
  stopped: StopReason | undefined;
  readonly #process: Guardable;
  readonly #guarded: Guarded;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #heed = (): void => this.#heedStopping();
  /** However long it may clean up after a cancellation: the worker would not wait for it. */
  readonly #heedGrace = (): void => this.#killAfter(handBackMs, 'WorkerShutdown');

  /** @param handlerProcess that has begun to run the handler. */
  constructor(handlerProcess: Guardable, guarded: Guarded) {
    this.#process = handlerProcess;
    this.#guarded = guarded;
    const { input, stopping, graceOver } = guarded;
    this.#after(input.soft_time_limit * 1000, () => {
      if (!this.stopped) this.#stop('SoftTimeLimitExceeded', softLimitMessage(input));
    });
    this.#killAfter(input.time_limit * 1000, 'TimeLimitExceeded');
    whenAborted(stopping, this.#heed);
    whenAborted(graceOver, this.#heedGrace);
  }

  release(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#guarded.stopping.removeEventListener('abort', this.#heed);
    this.#guarded.graceOver.removeEventListener('abort', this.#heedGrace);
  }

  #heedStopping(): void {
    const reason = stopReason(this.#guarded.stopping);
    this.#stop(reason, words[reason]);
    this.#killAfter(reason === 'Cancelled' ? this.#guarded.rules.cleanupMs : handBackMs, reason);
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
  Cancelled: 'The task is cancelled',
  WorkerShutdown: 'The worker shuts down',
  AttemptWithdrawn: 'The server has given this attempt up',
} as const;

/** Temporal's word for it is in the reason of an activity's cancellation; there are more that mean no cancelled task. */
export function stopReason({ reason }: AbortSignal): keyof typeof words {
  const word = reason instanceof CancelledFailure ? reason.message : '';
  if (word === 'WORKER_SHUTDOWN') return 'WorkerShutdown';
  return word === 'CANCELLED' ? 'Cancelled' : 'AttemptWithdrawn';
}

function whenAborted(signal: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
}
