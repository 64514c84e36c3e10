import { AppError } from '../contract/errors.ts';
import { openRunsOf } from './search.ts';
import type { TaskStore } from './store.ts';

/** For so long a count is taken for true, with what this process has added since. */
const freshMs = 5000;
const retryAfterSeconds = 60;

export interface Quota {
  /**
   * Room for one more unfinished task of an owner.
   * @returns what gives it back, if the task is not made after all. @throws AppError too_many_tasks, if there is none.
   */
  take(owner: string): Promise<() => void>;
}

interface Known {
  readonly at: number;
  readonly counted: Promise<number>;
  added: number;
}

/**
 * How many unfinished tasks an owner may have, as far as visibility knows: it lags by a moment, and each API process
 * counts for itself, so a few more may slip through. @param most 0: as many as they like.
 */
export function createQuota(store: TaskStore, most: number): Quota {
  const owners = new Map<string, Known>();

  function known(owner: string): Known {
    const now = Date.now();
    for (const [other, { at }] of owners) {
      if (now - at < freshMs) break;
      owners.delete(other);
    }
    const found = owners.get(owner);
    if (found) return found;
    const counted = store.count(openRunsOf(owner));
    // Whoever waits for it hears of it; the next one asks again.
    counted.catch(() => owners.delete(owner));
    const fresh = { at: now, counted, added: 0 };
    owners.set(owner, fresh);
    return fresh;
  }

  return {
    async take(owner) {
      if (most === 0) return () => undefined;
      const count = known(owner);
      if ((await count.counted) + count.added < most) {
        count.added += 1;
        return () => {
          count.added -= 1;
        };
      }
      throw new AppError(
        'too_many_tasks',
        `There are ${most} unfinished tasks already; no more may be made.`,
        {
          retryAfterSeconds,
        },
      );
    },
  };
}
