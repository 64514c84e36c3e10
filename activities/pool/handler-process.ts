/**
 * A handler process, as its worker sees it.
 *
 *     starting → idle ⇄ busy → ended
 *
 * It ends by `kill`, by `retire`, or by what its handler does. Created by the pool, which replaces it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { endOf, killGroup, type ProcessEnd, readiness } from './lifetime.ts';
import {
  type FromHandler,
  fromHandler,
  type HandlerFailure,
  type HandlerInput,
  type HandlerSettings,
  type Told,
  type ToHandler,
  type TypeRules,
} from './messages.ts';
import { forwardOutput } from './output.ts';
import type { StopReason } from '../types/define.ts';

/** Why we kill a process while its handler runs. */
export type KillReason = 'TimeLimitExceeded' | 'MemoryLimitExceeded' | StopReason;

/** How a handler's run ended. */
export type RunEnd =
  | { readonly kind: 'completed'; readonly result: string }
  | { readonly kind: 'failed'; readonly failure: HandlerFailure }
  /** Its process ended without a word. */
  | {
      readonly kind: 'died';
      readonly code: number | null;
      readonly signal: NodeJS.Signals | null;
      readonly killedFor: KillReason | undefined;
      /** By what an earlier handler had left behind. */
      readonly byAnother: boolean;
    }
  /** The handler was never called: the process had ended, or was blocked by what an earlier handler left behind. */
  | { readonly kind: 'not_begun' };

export interface PoolLogger {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface HandlerProcessOptions {
  /** The script of the process. */
  readonly entry: string;
  readonly settings: HandlerSettings;
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Above what the pool lets it use, so that the pool's verdict comes before V8's. */
  readonly maxHeapMb: number;
  /** Within this time it must be able to run handlers: a module may wait for something as it is loaded. */
  readonly readyMs?: number;
  readonly logger: PoolLogger;
}

/** How long a process that was told to go may take, before it is killed. */
const retireMs = 2000;
const defaultReadyMs = 60_000;
/** An idle process begins within milliseconds, or is not idle. */
const beginMs = 5000;

interface Run {
  readonly number: number;
  readonly onTold: (told: Told) => void;
  readonly end: (end: RunEnd) => void;
  begun: boolean;
}

export class HandlerProcess {
  /** Resolves with the rules of its task types once it can run handlers. Rejects if it never can. */
  readonly ready: Promise<ReadonlyMap<string, TypeRules>>;
  readonly ended: Promise<void>;
  /** Attempts that it was given; the pool counts. */
  attempts = 0;
  /** After its last attempt. */
  residentBytes = 0;
  readonly #child: ChildProcess;
  readonly #logger: PoolLogger;
  #number = 0;
  #run: Run | undefined;
  #warned = false;
  #killedFor: KillReason | undefined;
  #endedByAnother = false;
  /** Handlers that were told to stop may still be busy stopping. */
  #wasStopped = false;
  /** It was killed, or says that it goes: nothing it is given now would be done. */
  #leaving = false;
  /** Of the latest attempt: what it printed may be read after it is over. */
  #taskId: string | undefined;

  constructor(options: HandlerProcessOptions) {
    const { entry, settings, environment, maxHeapMb, logger, readyMs = defaultReadyMs } = options;
    this.#logger = logger;
    this.#child = fork(entry, [], {
      env: environment,
      execArgv: [`--max-old-space-size=${maxHeapMb}`],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // The leader of a group: see killGroup.
      detached: true,
    });
    const end = endOf(this.#child);
    this.ready = readiness(this.#child, end, readyMs);
    this.ended = this.#untilEnd(end);
    this.#child.on('message', (message) => this.#receive(message));
    const onOutOfHeap = (): unknown => (this.#killedFor ??= 'MemoryLimitExceeded');
    forwardOutput(this.#child, logger, () => this.#facts(), onOutOfHeap);
    this.#send({ type: 'load', settings });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it may be given an attempt. */
  get alive(): boolean {
    const { exitCode, signalCode, connected } = this.#child;
    return exitCode === null && signalCode === null && connected && !this.#leaving && !this.#wasStopped;
  }

  run(input: HandlerInput, onTold: (told: Told) => void): Promise<RunEnd> {
    if (this.#run) throw new Error('A handler process runs one attempt at a time');
    // What an earlier handler has printed is none of this one's doing.
    this.#killedFor = undefined;
    this.#taskId = input.taskId;
    this.#number += 1;
    const number = this.#number;
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        if (!run.begun) this.kill();
      }, beginMs);
      const end = (how: RunEnd): void => {
        clearTimeout(late);
        resolve(run.begun || how.kind !== 'died' ? how : { kind: 'not_begun' });
      };
      const run: Run = { number, onTold, end, begun: false };
      this.#run = run;
      this.#send({ type: 'run', number, input });
    });
  }

  /** Fires the signal of the handler that runs. */
  stop(reason: StopReason, message: string): void {
    this.#wasStopped = true;
    this.#send({ type: 'stop', number: this.#number, reason, message });
  }

  kill(reason?: KillReason): void {
    this.#killedFor ??= reason;
    this.#leaving = true;
    killGroup(this.#child);
  }

  /** Lets it go, idle as it is. */
  async retire(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.kill(), retireMs);
    await this.ended;
    clearTimeout(timer);
  }

  #receive(received: unknown): void {
    const parsed = fromHandler.safeParse(received);
    if (!parsed.success) {
      if (!this.#warned) {
        this.#logger.warn(this.#facts(), 'A handler sends its worker messages of its own; ignored');
      }
      this.#warned = true;
      return;
    }
    this.#heed(parsed.data);
  }

  #heed(message: FromHandler): void {
    // Words of an attempt that is over are nobody's.
    if ('number' in message && message.number !== this.#run?.number) return;
    switch (message.type) {
      case 'begun':
        if (this.#run) this.#run.begun = true;
        return;
      case 'told':
        this.#run?.onTold(message.told);
        return;
      case 'completed':
        this.#finish({ kind: 'completed', result: message.result }, message.residentBytes);
        return;
      case 'failed':
        this.#finish({ kind: 'failed', failure: message.failure }, message.residentBytes);
        return;
      case 'leaving':
        this.#leaving = true;
        return;
      case 'ended_by_another':
        this.#endedByAnother = true;
        return;
      case 'ready':
      case 'unusable':
    }
  }

  #facts(): object {
    return { handlerPid: this.pid, task: this.#taskId };
  }

  #finish(end: RunEnd, residentBytes: number): void {
    const run = this.#run;
    this.#run = undefined;
    this.residentBytes = residentBytes;
    run?.end(end);
  }

  #send(message: ToHandler): void {
    // Fails for a process that has just died, or could not be started, whose end tells more.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  async #untilEnd(end: Promise<ProcessEnd>): Promise<void> {
    const { code, signal } = await end;
    const byAnother = this.#endedByAnother;
    this.#finish({ kind: 'died', code, signal, killedFor: this.#killedFor, byAnother }, 0);
  }
}
