import { once } from 'node:events';
import { pause } from '../src/lib/wait.ts';

/** Time for which one owner must have held all slots before a guest slot opens, in milliseconds. */
const guestAfterMs = 5_000;
/** Time for which it stays closed after it got a task of that owner, in milliseconds. */
const refusedMs = 5_000;

/** A kind of slot, as the attempts that arrive in it see it. */
export interface SlotKind {
  /** Whether attempts are refused here: one that is not confirms its start at once. */
  readonly isGuest: boolean;
  /**
   * Takes a slot for an owner's attempt.
   * @returns how to leave it; undefined if the attempt is refused.
   */
  enter(owner: string): (() => void) | undefined;
}

/**
 * The slots of a worker, by owner. One owner may hold them all, and its attempts may take days. Once one has held them
 * for five seconds, the worker opens an extra slot, the guest slot, for the tasks of others, and takes what the server
 * dispatches next. A task of the same owner is refused and goes back to the queue; the guest slot then stays closed for
 * a while.
 *
 * If the guest's owner comes to hold all other slots too, another guest slot opens. There are never more: two guests
 * are then of two owners.
 */
export class Slots {
  readonly own: SlotKind = { isGuest: false, enter: (owner) => this.#enterOwn(owner) };
  readonly guest: SlotKind = { isGuest: true, enter: (owner) => this.#enterGuest(owner) };
  readonly #count: number;
  /** Owners of the attempts in slots of each kind. */
  readonly #owners: string[] = [];
  readonly #guests: string[] = [];
  /** Instants of the monotonic clock: of the last change of `#owners`, and before which no guest may come. */
  #changedAt = 0;
  #closedUntil = 0;
  /** The permit of a poll for a guest that is in progress. */
  #polling: object | undefined;
  #changed = new AbortController();
  #leftAt = Number.NEGATIVE_INFINITY;

  /** When an attempt last left a slot, by `performance.now`. */
  get leftAt(): number {
    return this.#leftAt;
  }

  /** Number of attempts in slots, and of those in guest slots. */
  get used(): { readonly own: number; readonly guest: number } {
    return { own: this.#owners.length, guest: this.#guests.length };
  }

  /** @param count number of slots, without guest slots. */
  constructor(count: number) {
    this.#count = count;
  }

  /**
   * Resolves with a permit to poll for a guest, once one may come. There is one permit at a time.
   * @throws the signal's reason.
   */
  async reserveGuest(signal: AbortSignal): Promise<object> {
    const wake = (): void => this.#wake();
    signal.addEventListener('abort', wake);
    try {
      for (;;) {
        signal.throwIfAborted();
        const waitMs = this.#polling ? Infinity : this.#opensAt - performance.now();
        if (waitMs <= 0) return (this.#polling = {});
        const { signal: changed } = this.#changed;
        await (waitMs === Infinity ? once(changed, 'abort') : pause(waitMs, changed));
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
  }

  /** Takes a permit back, used or not. */
  releaseGuest(permit: object): void {
    if (this.#polling === permit) this.#polling = undefined;
    this.#wake();
  }

  #enterOwn(owner: string): () => void {
    return this.#entered(owner, this.#owners, () => {
      this.#changedAt = performance.now();
      this.#wake();
    });
  }

  #enterGuest(owner: string): (() => void) | undefined {
    this.#polling = undefined;
    const now = performance.now();
    if (owner === this.#monopolist) this.#closedUntil = now + refusedMs;
    // The poll may have started long ago: if a slot is free by now, the task is dispatched again, to that.
    if (this.#opensAt <= now) return this.#entered(owner, this.#guests, () => this.#wake());
    this.#wake();
    return undefined;
  }

  /** Adds an owner to those in slots of a kind. @returns how to take it away. */
  #entered(owner: string, owners: string[], onChange: () => void): () => void {
    owners.push(owner);
    onChange();
    return () => {
      owners.splice(owners.indexOf(owner), 1);
      this.#leftAt = performance.now();
      onChange();
    };
  }

  /** The owner of the attempts in all slots. */
  get #monopolist(): string | undefined {
    const [first, ...others] = this.#owners;
    return this.#owners.length >= this.#count && others.every((owner) => owner === first) ? first : undefined;
  }

  get #opensAt(): number {
    const owner = this.#monopolist;
    if (owner === undefined || this.#guests.some((guest) => guest !== owner)) return Infinity;
    return Math.max(this.#changedAt + guestAfterMs, this.#closedUntil);
  }

  #wake(): void {
    this.#changed.abort();
    this.#changed = new AbortController();
  }
}
