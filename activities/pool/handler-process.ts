/**
 * A handler process, as its worker sees it.
 *
 *     starting → idle ⇄ busy → ended
 *
 * It ends by `kill`, by `retire`, or by what its handler does. The pool creates and replaces it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { AttemptSecrets } from './attempt-secrets.ts';
import { endOf, killGroup, type ProcessEnd, readiness } from './lifetime.ts';
import {
  type FromHandler,
  fromHandler,
  type HandlerInput,
  type HandlerSettings,
  type HandlerReport,
  type ToHandler,
  type TypeRules,
} from './messages.ts';
import { forwardOutput, type PoolLogger } from './output.ts';
import { LineBudget } from './line-budget.ts';
import { maskedEnd, maskedReport } from './masked.ts';
import type { KillReason, ProcessOutcome } from './process-outcome.ts';
import type { FindSecret } from '../find-secret.ts';
import { SecretMask } from '../secret-mask.ts';
import type { StopReason } from '../types/define.ts';

export interface HandlerProcessOptions {
  /** The script of the process. */
  readonly entry: string;
  readonly settings: HandlerSettings;
  /** The complete environment of the process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Limit of V8's heap, in MB. High enough for the pool's memory limit to apply before V8's. */
  readonly maxHeapMb: number;
  /**
   * Maximum time until the process can run handlers, in milliseconds: a module may wait for something as it
   * loads.
   */
  readonly readyMs?: number;
  readonly logger: PoolLogger;
}

/** Time a retired process has to exit before it is killed, in milliseconds. */
const retireMs = 2000;
const defaultReadyMs = 60_000;
/**
 * Maximum time until an attempt starts, in milliseconds. An idle process needs a few; one that takes longer
 * is blocked.
 */
const startMs = 5000;

interface Run {
  readonly number: number;
  readonly onReport: (report: HandlerReport) => void;
  readonly secrets: AttemptSecrets;
  readonly end: (end: ProcessOutcome) => void;
  started: boolean;
}

export class HandlerProcess {
  /** Resolves with the rules of its task types once it can run handlers. Rejects if it never can. */
  readonly ready: Promise<ReadonlyMap<string, TypeRules>>;
  readonly ended: Promise<void>;
  /** Number of attempts it was given, counted by the pool. */
  attempts = 0;
  /** Resident memory after its last attempt, in bytes. */
  residentBytes = 0;
  readonly #child: ChildProcess;
  readonly #logger: PoolLogger;
  /** The secrets that its handlers were given, the earlier ones too: what they print may be read later. */
  readonly #mask = new SecretMask();
  #number = 0;
  #run: Run | undefined;
  #warned = false;
  readonly #lines = new LineBudget();
  #killedFor: KillReason | undefined;
  #endedByAnother = false;
  /** Whether a handler was asked to stop, which it may still be busy doing. */
  #wasStopped = false;
  /** Whether it was killed or has announced its end: it would not run an attempt that it is given now. */
  #leaving = false;
  /** Task of the latest attempt. Kept after its end, since what it printed may be read later. */
  #taskId: string | undefined;

  constructor(options: HandlerProcessOptions) {
    const { entry, settings, environment, maxHeapMb, logger, readyMs = defaultReadyMs } = options;
    this.#logger = logger;
    this.#child = fork(entry, [], {
      env: environment,
      execArgv: [`--max-old-space-size=${maxHeapMb}`],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Makes it the leader of a process group: see killGroup.
      detached: true,
    });
    const end = endOf(this.#child);
    this.ready = readiness(this.#child, end, readyMs);
    this.ended = this.#untilEnd(end);
    this.#child.on('message', (message) => this.#receive(message));
    const onOutOfHeap = (): unknown => (this.#killedFor ??= 'MemoryLimitExceeded');
    forwardOutput(this.#child, { logger, facts: () => this.#facts(), mask: this.#mask, onOutOfHeap });
    this.#send({ type: 'load', settings });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Why it is replaced: an attempt has used too much memory or was stopped, or else something has ended it. */
  get whyReplaced(): 'memory' | 'stopped' | 'ended' {
    if (this.#killedFor === 'MemoryLimitExceeded') return 'memory';
    return this.#killedFor === undefined && !this.#wasStopped ? 'ended' : 'stopped';
  }

  /** Whether it can be given an attempt. */
  get alive(): boolean {
    const { exitCode, signalCode, connected } = this.#child;
    return exitCode === null && signalCode === null && connected && !this.#leaving && !this.#wasStopped;
  }

  run(
    input: HandlerInput,
    onReport: (report: HandlerReport) => void,
    findSecret: FindSecret,
  ): Promise<ProcessOutcome> {
    if (this.#run) throw new Error('A handler process runs one attempt at a time');
    // An earlier handler may have set it by printing V8's out-of-memory message. This one is not to blame.
    this.#killedFor = undefined;
    this.#taskId = input.taskId;
    this.#number += 1;
    const number = this.#number;
    const secrets = new AttemptSecrets({
      owner: input.owner.name,
      findSecret,
      logger: this.#logger,
      facts: () => this.#facts(),
    });
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        if (!run.started) this.kill();
      }, startMs);
      const end = (how: ProcessOutcome): void => {
        clearTimeout(late);
        resolve(run.started || how.kind !== 'died' ? how : { kind: 'not_started' });
      };
      const run: Run = { number, onReport, secrets, end, started: false };
      this.#run = run;
      this.#send({ type: 'run', number, input });
    });
  }

  /** Fires the running handler's signal. */
  stop(reason: StopReason, message: string): void {
    this.#wasStopped = true;
    this.#send({ type: 'stop', number: this.#number, reason, message });
  }

  kill(reason?: KillReason): void {
    this.#killedFor ??= reason;
    this.#leaving = true;
    killGroup(this.#child);
  }

  /** Lets an idle process exit, and waits until it has. */
  async retire(): Promise<void> {
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.kill(), retireMs);
    await this.ended;
    clearTimeout(timer);
  }

  #receive(received: unknown): void {
    const parsed = fromHandler.safeParse(received);
    if (!parsed.success) {
      this.#warnOnce('Ignoring unknown messages from a handler');
      return;
    }
    this.#handle(parsed.data);
  }

  /** Drops the log lines of a handler that sends too many. Progress and checkpoint replace earlier ones. */
  #bounded(report: HandlerReport): HandlerReport {
    const { log, ...rest } = report;
    if (log === undefined || this.#lines.take(log.length)) return report;
    this.#warnOnce('Dropping log lines of a handler, which sends too many');
    return rest;
  }

  #warnOnce(warning: string): void {
    if (!this.#warned) this.#logger.warn(this.#facts(), warning);
    this.#warned = true;
  }

  #handle(message: FromHandler): void {
    // Drops messages of an attempt that has ended.
    if ('number' in message && message.number !== this.#run?.number) return;
    switch (message.type) {
      case 'started':
        if (this.#run) this.#run.started = true;
        return;
      case 'report':
        this.#run?.onReport(maskedReport(this.#bounded(message.report), this.#run.secrets.mask));
        return;
      case 'secret':
        if (this.#run) void this.#answer(message, this.#run);
        return;
      case 'completed':
      case 'failed':
        if (this.#run) this.#finish(maskedEnd(message, this.#run.secrets.mask), message.residentBytes);
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

  async #answer(
    { number, request, name, url }: Extract<FromHandler, { type: 'secret' }>,
    run: Run,
  ): Promise<void> {
    const found = await run.secrets.find(name, url);
    // The process may run another owner's attempt by now.
    if (this.#run !== run) return;
    // Before the handler has it.
    if (found.kind === 'found')
      for (const mask of [run.secrets.mask, this.#mask]) mask.add(name, found.value);
    const answer = found.kind === 'found' ? found : { kind: found.kind };
    this.#send({ type: 'secret', number, request, answer });
  }

  #facts(): object {
    return { handlerPid: this.pid, task: this.#taskId };
  }

  #finish(end: ProcessOutcome, residentBytes: number): void {
    const run = this.#run;
    this.#run = undefined;
    this.residentBytes = residentBytes;
    run?.end(end);
  }

  #send(message: ToHandler): void {
    // Sending fails if the process has just died or could not be started. How it ended says more than the
    // error.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  async #untilEnd(end: Promise<ProcessEnd>): Promise<void> {
    const { code, signal } = await end;
    const byAnother = this.#endedByAnother;
    this.#finish({ kind: 'died', code, signal, killedFor: this.#killedFor, byAnother }, 0);
  }
}
