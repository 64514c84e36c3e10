import type { TaskContext } from '../define.ts';
import { checkpointOf, type ReadingState } from './checkpoint.ts';

const minIntervalMs = 2000;
/** Maximum share of the time that is spent on saving. */
const maxShare = 0.05;
/** Maximum duration of a last save, in milliseconds: a handler that was asked to stop has about 2 s left. */
const maxLastSaveMs = 1000;
/** Reasons to stop after which another attempt resumes. A cancelled task has no other attempt. */
const resumedAfter = new Set(['SoftTimeLimitExceeded', 'WorkerShutdown']);

/** Writes checkpoints of a reading: at intervals while it goes on, and a last one when it is interrupted. */
export class CheckpointWriter {
  readonly #context: Pick<TaskContext, 'checkpoint' | 'log' | 'signal'>;
  readonly #source: string;
  readonly #at: ReadingState;
  readonly #now: () => number;
  #savedAt: number;
  #savingMs = 0;
  #savedPosition: number;
  #warnedTooLarge = false;

  /** @param at the reading to save; each save takes its current state. */
  constructor(
    context: Pick<TaskContext, 'checkpoint' | 'log' | 'signal'>,
    source: string,
    at: ReadingState,
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
    const interval = Math.max(minIntervalMs, this.#savingMs / maxShare);
    if (this.#now() - this.#savedAt >= interval) await this.#write();
  }

  /** Writes the last checkpoint. Called when the attempt has ended with an error. */
  async writeLast(): Promise<void> {
    const reason: unknown = this.#context.signal.reason;
    if (!(reason instanceof Error && resumedAfter.has(reason.name))) return;
    if (this.#savingMs <= maxLastSaveMs) await this.#write();
  }

  async #write(): Promise<void> {
    const { position } = this.#at;
    if (position === this.#savedPosition) return;
    const startedAt = this.#now();
    const checkpoint = await checkpointOf(this.#at, this.#source);
    if ('tooLarge' in checkpoint) this.#warnTooLarge(checkpoint.tooLarge);
    else {
      this.#context.checkpoint.write({ ...checkpoint });
      this.#savedPosition = position;
    }
    this.#savedAt = this.#now();
    this.#savingMs = this.#savedAt - startedAt;
  }

  #warnTooLarge(bytes: number): void {
    if (this.#warnedTooLarge) return;
    this.#warnedTooLarge = true;
    const where = this.#savedPosition > 0 ? 'from an earlier row' : 'from the start';
    this.#context.log.warn(
      `The table has too many values for a checkpoint (at least ${bytes} bytes): if interrupted, it is read again ${where}`,
    );
  }
}
