import { detached } from '../lib/detached.ts';
import { AppError } from '../contract/errors.ts';
import { openRunsOf } from './search.ts';
import type { TaskStore } from './store.ts';
import type { TaskSpec } from '../contract/spec.ts';
import { createTokenBuckets } from '../lib/token-bucket.ts';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';

/** Time for which a count is relied on, together with what this process has added since, in milliseconds. */
const freshMs = 5000;
const retryAfterSeconds = 60;

/** What counts of a new run or an edit: the fields that can be large. What attempts add to it doesn't count. */
export type Stored = Pick<TaskSpec, 'payload' | 'description'>;

export interface Quota {
  /**
   * Reserves room for one more unfinished task of an owner.
   * @returns a function that releases it, for a task that is not created after all.
   * @throws AppError too_many_tasks or too_much_data if there is none.
   */
  take(owner: string, stored: Stored): Promise<() => void>;
  /**
   * Reserves room for a change of an owner's task.
   * @returns a function that releases it, for a change that is not made after all.
   * @throws AppError too_much_data if there is none.
   */
  takeData(owner: string, stored: Partial<Stored>): () => void;
}

interface Known {
  readonly at: number;
  readonly counted: Promise<number>;
  added: number;
}

export interface QuotaOptions {
  /** Maximum number of an owner's unfinished tasks; 0 for no limit. */
  readonly maxOpenTasks: number;
  /** Maximum data that an owner can store at once, and again within 30 days, in MB; 0 for no limit. */
  readonly maxStoredMb: number;
  readonly telemetry?: Telemetry;
}

/** Time in which an owner can store as much again, in milliseconds: ended tasks are kept that long by default. */
const refillMs = 30 * 86_400_000;

/**
 * Limits an owner's unfinished tasks, by the counts of visibility, and what the owner stores. Counts lag by a moment,
 * and each API process counts for itself, so an owner can exceed the limits by a few tasks, or store as much again
 * with each process.
 */
export function createQuota(
  store: TaskStore,
  { maxOpenTasks: max, maxStoredMb, telemetry = noTelemetry }: QuotaOptions,
): Quota {
  const data = maxStoredMb === 0 ? undefined : createTokenBuckets(maxStoredMb * 1_000_000, refillMs);
  const owners = new Map<string, Known>();

  function known(owner: string): Known {
    const now = performance.now();
    for (const [other, { at }] of owners) {
      if (now - at < freshMs) break;
      owners.delete(other);
    }
    const found = owners.get(owner);
    if (found) return found;
    const counted = detached(() => store.count(openRunsOf(owner)));
    // Callers that wait for this count get its error; the next caller counts again.
    counted.catch(() => owners.delete(owner));
    const fresh = { at: now, counted, added: 0 };
    owners.set(owner, fresh);
    return fresh;
  }

  function refused(error: AppError): AppError {
    telemetry.count('taskbell_quota_refused_total', {});
    return error;
  }

  async function takeTask(owner: string): Promise<() => void> {
    if (max === 0) return () => undefined;
    const count = known(owner);
    if ((await count.counted) + count.added >= max) throw refused(tooManyTasks(max));
    count.added += 1;
    return () => {
      count.added -= 1;
    };
  }

  function takeData(owner: string, stored: Partial<Stored>): () => void {
    if (!data) return () => undefined;
    const bytes = sizeOf(stored);
    const { allowed, allowedInSeconds } = data.take(owner, bytes);
    if (!allowed) throw refused(tooMuchData(maxStoredMb, allowedInSeconds));
    return () => data.giveBack(owner, bytes);
  }

  return {
    async take(owner, stored) {
      const release = await takeTask(owner);
      try {
        const releaseData = takeData(owner, stored);
        return () => {
          release();
          releaseData();
        };
      } catch (error) {
        release();
        throw error;
      }
    },
    takeData,
  };
}

function sizeOf({ payload, description = '' }: Partial<Stored>): number {
  return (
    Buffer.byteLength(description) + (payload === undefined ? 0 : Buffer.byteLength(JSON.stringify(payload)))
  );
}

function tooManyTasks(max: number): AppError {
  const message = `The owner already has ${max} unfinished tasks; no more can be created.`;
  return new AppError('too_many_tasks', message, { retryAfterSeconds });
}

function tooMuchData(maxMb: number, allowedInSeconds: number): AppError {
  const message = `The owner has used up its ${maxMb} MB for payloads and descriptions. Send less, or try again later.`;
  return new AppError('too_much_data', message, { retryAfterSeconds: Math.max(1, allowedInSeconds) });
}
