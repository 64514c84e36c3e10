import { withoutDeadline } from '../lib/deadline.ts';
import { AppError } from '../contract/errors.ts';
import { openRunsOf } from './search.ts';
import type { TaskStore } from './store.ts';

/** Time for which a count is relied on, together with what this process has added since, in milliseconds. */
const freshMs = 5000;
const retryAfterSeconds = 60;

export interface Quota {
  /**
   * Reserves room for one more unfinished task of an owner.
   * @returns a function that releases it, for a task that is not created after all.
   * @throws AppError too_many_tasks if there is none.
   */
  take(owner: string): Promise<() => void>;
}

interface Known {
  readonly at: number;
  readonly counted: Promise<number>;
  added: number;
}

/**
 * Limits the number of an owner's unfinished tasks, by the counts of visibility. These lag by a moment, and
 * each API process counts for itself, so an owner can exceed the limit by a few tasks. @param max 0 for no
 * limit.
 */
export function createQuota(store: TaskStore, max: number): Quota {
  const owners = new Map<string, Known>();

  function known(owner: string): Known {
    const now = performance.now();
    for (const [other, { at }] of owners) {
      if (now - at < freshMs) break;
      owners.delete(other);
    }
    const found = owners.get(owner);
    if (found) return found;
    const counted = withoutDeadline(() => store.count(openRunsOf(owner)));
    // Callers that wait for this count get its error; the next caller counts again.
    counted.catch(() => owners.delete(owner));
    const fresh = { at: now, counted, added: 0 };
    owners.set(owner, fresh);
    return fresh;
  }

  return {
    async take(owner) {
      if (max === 0) return () => undefined;
      const count = known(owner);
      if ((await count.counted) + count.added < max) {
        count.added += 1;
        return () => {
          count.added -= 1;
        };
      }
      throw new AppError(
        'too_many_tasks',
        `The owner already has ${max} unfinished tasks; no more can be created.`,
        {
          retryAfterSeconds,
        },
      );
    },
  };
}
