/**
 * The processes in which a worker's handlers run: one for each slot, and a spare. The spare takes the place
 * of a process that must be replaced (it has run its share of attempts, it leaks, its handler was killed)
 * while the next one is starting. It also runs the attempt in the guest slot (slots.ts); a second one gets another.
 *
 * starting → serving → closed. `failed` rejects when no process can be started any more.
 */
import { HandlerProcess, type HandlerProcessOptions } from './handler-process.ts';
import { residentBytes } from './memory.ts';
import type { TypeRules } from './messages.ts';
import { abortReason, WaitingLine } from './waiting-line.ts';
import { pause } from '../../src/lib/wait.ts';
import { type LabelsOf, noTelemetry, type Telemetry } from '../../src/metrics/telemetry.ts';

export interface PoolOptions extends Omit<HandlerProcessOptions, 'maxHeapMb'> {
  /** Number of attempts at a time. */
  readonly concurrency: number;
  /** Number of attempts after which a process is replaced. */
  readonly maxAttempts: number;
  /**
   * Memory above which a process is replaced after its attempt, in MB. Above 1.5 times this, it is killed at
   * once.
   */
  readonly maxMemoryMb: number;
  readonly telemetry?: Telemetry;
}

export interface HandlerPool {
  /** Rules of the task types, by name. They don't change while the pool exists. */
  readonly types: ReadonlyMap<string, TypeRules>;
  readonly maxMemoryMb: number;
  readonly failed: Promise<never>;
  /**
   * Returns a process for an attempt that has a slot. Waits while its process is being replaced, and while attempts
   * without a slot make up for it: no more handlers run than there are slots.
   * @param isExtra whether the attempt may be one more than there are slots and spares: it gets a process of its own.
   */
  acquire(signal: AbortSignal, isExtra?: boolean): Promise<HandlerProcess>;
  /**
   * Returns a process for an attempt that has no slot, if fewer handlers run than there are slots and no attempt with a
   * slot waits, or if that comes true within `waitMs` milliseconds.
   */
  acquireSpare(waitMs: number): Promise<HandlerProcess | undefined>;
  release(handlerProcess: HandlerProcess): void;
  close(): Promise<void>;
}

type Recycled = LabelsOf<'taskbell_handler_processes_recycled_total'>['reason'];

/** Multiple of the memory limit above which a process is killed at once. */
const killAbove = 1.5;
const memoryIntervalMs = 250;
const spares = 1;
/** Number of callers for each slot that may wait for a spare process. */
const maxWaitingForSpare = 2;
/** Number of attempts that a process has left when its replacement is started. */
const lastAttempts = 5;
const startBackoffMs = { first: 500, max: 10_000 };
const maxFailedStarts = 5;

/** @throws Error when the task types cannot be loaded. */
export async function startPool(options: PoolOptions): Promise<HandlerPool> {
  const pool = new Pool(options);
  try {
    await pool.start();
  } catch (error) {
    await pool.close();
    throw error;
  }
  return pool;
}

class Pool implements HandlerPool {
  types: ReadonlyMap<string, TypeRules> = new Map();
  readonly maxMemoryMb: number;
  readonly failed: Promise<never>;
  readonly #options: PoolOptions;
  readonly #all = new Set<HandlerProcess>();
  readonly #busy = new Set<HandlerProcess>();
  /** The busy ones that run guests. */
  readonly #guests = new Set<HandlerProcess>();
  /** Processes that are still loading the task types. */
  readonly #notReady = new Set<HandlerProcess>();
  /** All processes that have not ended, including those being retired. */
  readonly #living = new Set<HandlerProcess>();
  readonly #closing = new AbortController();
  readonly #watch: NodeJS.Timeout;
  readonly #telemetry: Telemetry;
  readonly #stopGauges: readonly (() => void)[];
  #idle: HandlerProcess[] = [];
  /** Attempts that wait for a process: guests, which may be one too many; those with a slot; those without one. */
  readonly #waitingGuests = new WaitingLine();
  readonly #waiting = new WaitingLine();
  readonly #waitingForSpare = new WaitingLine();
  /** Number of starts in progress, including failed ones that are waiting to be retried. */
  #starting = 0;
  #failedStarts = 0;
  /** Number of callers for whom one more process is started. */
  #extra = 0;
  #fail: (error: unknown) => void = () => undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.maxMemoryMb = options.maxMemoryMb;
    this.failed = new Promise((_resolve, reject) => (this.#fail = reject));
    // Code that awaits it still gets the error; this only prevents an unhandled rejection.
    this.failed.catch(() => undefined);
    this.#watch = setInterval(() => void this.#watchMemory(), memoryIntervalMs).unref();
    this.#telemetry = options.telemetry ?? noTelemetry;
    this.#stopGauges = [
      this.#telemetry.gauge('taskbell_handler_processes', () => [
        { labels: { state: 'starting' }, value: this.#notReady.size },
        { labels: { state: 'idle' }, value: this.#idle.length },
        { labels: { state: 'busy' }, value: this.#busy.size },
      ]),
      this.#telemetry.gauge('taskbell_handler_processes_memory_bytes', async () => [
        { labels: {}, value: await this.#residentBytes() },
      ]),
    ];
  }

  async start(): Promise<void> {
    this.types = await this.#startOne();
    this.#refill();
  }

  acquire(signal: AbortSignal, isExtra = false): Promise<HandlerProcess> {
    if (signal.aborted) return Promise.reject(abortReason(signal));
    if (isExtra) return this.#acquireExtra(signal);
    const acquired = this.#waiting.wait(signal);
    this.#serve();
    return acquired;
  }

  async acquireSpare(waitMs: number): Promise<HandlerProcess | undefined> {
    if (this.#waitingForSpare.length >= this.#options.concurrency * maxWaitingForSpare) return undefined;
    const tooLate = new AbortController();
    const acquired = this.#waitingForSpare.wait(tooLate.signal);
    this.#serve();
    const timer = setTimeout(() => tooLate.abort(), waitMs);
    try {
      return await acquired;
    } catch (error) {
      if (error !== tooLate.signal.reason) throw error;
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Gives idle processes to those that wait and may have one. */
  #serve(): void {
    for (;;) {
      const line = this.#nextLine();
      const handlerProcess = line && this.#popIdle();
      if (!handlerProcess) return;
      line.serve(this.#take(handlerProcess, line === this.#waitingGuests));
    }
  }

  #take(handlerProcess: HandlerProcess, isGuest: boolean): HandlerProcess {
    handlerProcess.attempts += 1;
    this.#busy.add(handlerProcess);
    if (isGuest) this.#guests.add(handlerProcess);
    this.#refill();
    return handlerProcess;
  }

  #nextLine(): WaitingLine | undefined {
    if (this.#waitingGuests.length > 0) return this.#waitingGuests;
    if (this.#busy.size - this.#guests.size >= this.#options.concurrency) return undefined;
    return [this.#waiting, this.#waitingForSpare].find(({ length }) => length > 0);
  }

  #free(handlerProcess: HandlerProcess): void {
    this.#busy.delete(handlerProcess);
    this.#guests.delete(handlerProcess);
  }

  #popIdle(): HandlerProcess | undefined {
    this.#idle = this.#idle.filter(({ alive }) => alive);
    return this.#idle.pop();
  }

  release(handlerProcess: HandlerProcess): void {
    this.#free(handlerProcess);
    if (!this.#all.has(handlerProcess)) return;
    const reason = this.#whyReplace(handlerProcess);
    if (reason === undefined) this.#idle.push(handlerProcess);
    else this.#replace(handlerProcess, reason);
    this.#serve();
    this.#refill();
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('The pool is closed'));
    clearInterval(this.#watch);
    for (const stop of this.#stopGauges) stop();
    for (const handlerProcess of this.#notReady) handlerProcess.kill();
    await Promise.all([...this.#living].map((handlerProcess) => this.#end(handlerProcess)));
  }

  get #maxBytes(): number {
    return this.#options.maxMemoryMb * 1024 * 1024;
  }

  /** Returns an idle process, or waits for one while one more is started than otherwise. */
  async #acquireExtra(signal: AbortSignal): Promise<HandlerProcess> {
    const idle = this.#popIdle();
    if (idle) return this.#take(idle, true);
    this.#extra += 1;
    const acquired = this.#waitingGuests.wait(signal);
    this.#refill();
    try {
      return await acquired;
    } finally {
      this.#extra -= 1;
    }
  }

  /** Returns why a process cannot have another attempt; undefined if it can. */
  #whyReplace(handlerProcess: HandlerProcess): Recycled | undefined {
    const { alive, attempts, residentBytes, whyReplaced } = handlerProcess;
    if (!alive) return whyReplaced;
    if (residentBytes > this.#maxBytes) return 'memory';
    return attempts >= this.#options.maxAttempts ? 'attempts' : undefined;
  }

  #replace(handlerProcess: HandlerProcess, reason: Recycled): void {
    this.#forget(handlerProcess, reason);
    void this.#end(handlerProcess);
  }

  #forget(handlerProcess: HandlerProcess, reason: Recycled): void {
    const isFirst = this.#all.delete(handlerProcess);
    if (isFirst && !this.#closing.signal.aborted)
      this.#telemetry.count('taskbell_handler_processes_recycled_total', { reason });
    this.#free(handlerProcess);
    this.#idle = this.#idle.filter((other) => other !== handlerProcess);
  }

  async #end(handlerProcess: HandlerProcess): Promise<void> {
    if (this.#busy.has(handlerProcess)) handlerProcess.kill();
    await handlerProcess.retire();
  }

  /** Starts processes that are missing, and replacements for those near their last attempt. */
  #refill(): void {
    const { concurrency, maxAttempts } = this.#options;
    const margin = Math.min(lastAttempts, Math.floor(maxAttempts / 2));
    const leaving = [...this.#all].filter(({ attempts }) => attempts >= maxAttempts - margin).length;
    const wanted = concurrency + spares + leaving + this.#extra;
    const coming = (): number => this.#all.size + this.#starting;
    while (!this.#closing.signal.aborted && coming() < wanted) void this.#startAnother();
  }

  async #startAnother(): Promise<void> {
    this.#starting += 1;
    try {
      await this.#startOne();
      this.#failedStarts = 0;
    } catch (error) {
      await this.#startFailed(error);
    } finally {
      this.#starting -= 1;
    }
    this.#refill();
  }

  async #startFailed(reason: unknown): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) return;
    this.#failedStarts += 1;
    this.#options.logger.error({ err: reason }, 'A handler process could not be started');
    if (this.#failedStarts >= maxFailedStarts && this.#all.size === 0) this.#fail(reason);
    const delayMs = Math.min(startBackoffMs.first * 2 ** (this.#failedStarts - 1), startBackoffMs.max);
    await pause(delayMs, signal);
  }

  async #startOne(): Promise<ReadonlyMap<string, TypeRules>> {
    const { maxMemoryMb } = this.#options;
    const handlerProcess = new HandlerProcess({
      ...this.#options,
      maxHeapMb: Math.ceil(maxMemoryMb * killAbove),
    });
    this.#notReady.add(handlerProcess);
    this.#living.add(handlerProcess);
    void handlerProcess.ended.then(() => this.#living.delete(handlerProcess));
    try {
      const types = await handlerProcess.ready;
      this.#closing.signal.throwIfAborted();
      // Its `ready` message may be read after the process has ended.
      if (!handlerProcess.alive) throw new Error('A handler process ended as soon as it was ready');
      this.#all.add(handlerProcess);
      void this.#dropAtEnd(handlerProcess);
      this.#idle.push(handlerProcess);
      this.#serve();
      return types;
    } catch (error) {
      handlerProcess.kill();
      throw error;
    } finally {
      this.#notReady.delete(handlerProcess);
    }
  }

  async #dropAtEnd(handlerProcess: HandlerProcess): Promise<void> {
    await handlerProcess.ended;
    this.#forget(handlerProcess, handlerProcess.whyReplaced);
    this.#serve();
    this.#refill();
  }

  /** Returns the resident memory of all processes, in bytes. */
  async #residentBytes(): Promise<number> {
    const pids = [...this.#living].flatMap(({ pid }) => pid ?? []);
    const measured = await residentBytes(pids);
    return [...measured.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  async #watchMemory(): Promise<void> {
    if (this.#busy.size === 0) return;
    const pids = [...this.#busy].flatMap(({ pid }) => pid ?? []);
    const measured = await residentBytes(pids);
    for (const handlerProcess of this.#busy) {
      const bytes = measured.get(handlerProcess.pid ?? 0) ?? 0;
      if (bytes > this.#maxBytes * killAbove) handlerProcess.kill('MemoryLimitExceeded');
    }
  }
}
