import { pause } from '../src/lib/wait.ts';

/** Time for which one owner must have held all slots before the guest slot opens, in milliseconds. */
const guestAfterMs = 5_000;
/** Time for which the guest slot stays closed after it got a task of that owner, in milliseconds. */
const refusedMs = 5_000;

/** A kind of slot, as the attempts that arrive in it see it. */
export interface SlotKind {
  /**
   * Takes a slot for an owner's attempt.
   * @returns how to leave it; undefined if the owner has as many as it may have.
   */
  enter(owner: string, stopping: AbortSignal): Promise<(() => void) | undefined>;
}

/**
 * The slots of a worker, by owner. One owner may hold them all, and its attempts may take days. The worker then has
 * one slot more, the guest slot, for tasks of the others: it opens once all slots have been held by one owner for five
 * seconds, and takes what the server dispatches next. A task of that same owner is refused and goes back to the end of
 * its queue, so the guest slot then stays closed for a while.
 */
export class Slots {
  readonly own: SlotKind;
  readonly guest: SlotKind;
  readonly #count: number;
  /** Number of attempts of each owner, that in the guest slot included. */
  readonly #attempts = new Map<string, number>();
  /** Owners of the attempts in slots other than the guest slot. */
  readonly #owners: string[] = [];
  /** Instant at which the guest slot opens, by the monotonic clock. */
  #opensAt = Infinity;
  #isGuestReserved = false;
  /** Wakes those who wait for the guest slot. */
  #changed = new AbortController();

  /** @param count number of slots, the guest slot not included. */
  constructor(count: number) {
    this.#count = count;
    this.own = { enter: (owner, stopping) => this.#enterOwn(owner, stopping) };
    this.guest = { enter: (owner) => Promise.resolve(this.#enterGuest(owner)) };
  }

  /** Reserves the guest slot, once it is open and free. @throws the signal's reason. */
  async reserveGuest(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const waitMs = this.#isGuestReserved ? Infinity : this.#opensAt - performance.now();
      if (waitMs <= 0) break;
      const either = AbortSignal.any([signal, this.#changed.signal]);
      await (waitMs === Infinity ? untilAborted(either) : pause(waitMs, either));
    }
    this.#isGuestReserved = true;
  }

  releaseGuest(): void {
    this.#isGuestReserved = false;
    this.#wake();
  }

  async #enterOwn(owner: string, stopping: AbortSignal): Promise<(() => void) | undefined> {
    if (!this.#mayEnter(owner)) {
      // It has the guest slot and all others but this one. Refused at once, its tasks would come and go without end.
      await pause(refusedMs, stopping);
      if (!this.#mayEnter(owner) && !stopping.aborted) return undefined;
    }
    this.#owners.push(owner);
    this.#update();
    const leave = this.#enter(owner);
    return () => {
      this.#owners.splice(this.#owners.indexOf(owner), 1);
      this.#update();
      leave();
    };
  }

  #enterGuest(owner: string): (() => void) | undefined {
    if (this.#mayEnter(owner)) return this.#enter(owner);
    if (this.#opensAt !== Infinity) this.#opensAt = performance.now() + refusedMs;
    return undefined;
  }

  #mayEnter(owner: string): boolean {
    return (this.#attempts.get(owner) ?? 0) < this.#count;
  }

  #enter(owner: string): () => void {
    this.#attempts.set(owner, (this.#attempts.get(owner) ?? 0) + 1);
    return () => {
      const left = (this.#attempts.get(owner) ?? 0) - 1;
      if (left > 0) this.#attempts.set(owner, left);
      else this.#attempts.delete(owner);
    };
  }

  #update(): void {
    const heldByOne = this.#owners.length >= this.#count && new Set(this.#owners).size === 1;
    this.#opensAt = heldByOne ? performance.now() + guestAfterMs : Infinity;
    this.#wake();
  }

  #wake(): void {
    this.#changed.abort();
    this.#changed = new AbortController();
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
