import type { TaskContext } from '../define.ts';
import { checkpointOf, type Standing } from './checkpoint.ts';

const MIN_INTERVAL_MS = 2000;
/** Saving takes at most this share of the time. */
const MAX_SHARE = 0.05;
/** A handler that was told to stop has about 2 s left. */
const MAX_LAST_SAVE_MS = 1000;
/** What ends an attempt that another will go on from. A cancelled task has no other. */
const RESUMED_AFTER = new Set(['SoftTimeLimitExceeded', 'WorkerShutdown']);

/** Writes checkpoints of a reading: now and then while it goes on, and a last one when it is interrupted. */
export class CheckpointWriter {
  readonly #context: Pick<TaskContext, 'checkpoint' | 'log' | 'signal'>;
  readonly #source: string;
  readonly #at: Standing;
  readonly #now: () => number;
  #savedAt: number;
  #savingMs = 0;
  #savedPosition: number;
  #saidTooLarge = false;

  /** @param at what is saved: as it is whenever that happens. */
  constructor(
    context: Pick<TaskContext, 'checkpoint' | 'log' | 'signal'>,
    source: string,
    at: Standing,
    now = () => performance.now(),
  ) {
    this.#context = context;
    this.#source = source;
    this.#at = at;
    this.#now = now;
    this.#savedAt = now();
    this.#savedPosition = at.position;
  }

  async writeIfDue(): Promise<void> {
    const interval = Math.max(MIN_INTERVAL_MS, this.#savingMs / MAX_SHARE);
    if (this.#now() - this.#savedAt >= interval) await this.#write();
  }

  /** Called when the attempt has ended with an error. */
  async writeLast(): Promise<void> {
    const reason: unknown = this.#context.signal.reason;
    if (!(reason instanceof Error && RESUMED_AFTER.has(reason.name))) return;
    if (this.#savingMs <= MAX_LAST_SAVE_MS) await this.#write();
  }

  async #write(): Promise<void> {
    const { position } = this.#at;
    if (position === this.#savedPosition) return;
    const began = this.#now();
    const checkpoint = await checkpointOf(this.#at, this.#source);
    if ('tooLarge' in checkpoint) this.#sayTooLarge(checkpoint.tooLarge);
    else {
      this.#context.checkpoint.write({ ...checkpoint });
      this.#savedPosition = position;
    }
    this.#savedAt = this.#now();
    this.#savingMs = this.#savedAt - began;
  }

  #sayTooLarge(bytes: number): void {
    if (this.#saidTooLarge) return;
    this.#saidTooLarge = true;
    const where = this.#savedPosition > 0 ? 'from an earlier row' : 'anew';
    this.#context.log.warn(
      `The table has too many values for a checkpoint (${bytes} bytes at least): if interrupted, it is read ${where}`,
    );
  }
}
