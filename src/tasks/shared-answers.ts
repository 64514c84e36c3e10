import { withinDeadline } from '../lib/deadline.ts';
import { withoutMeter } from '../lib/meter.ts';
import { Lru } from '../lib/lru.ts';
import { answerMs } from '../resources/time-limit.ts';

interface Shared<T> {
  readonly answer: Promise<T>;
  /** Instant by `performance.now`; Infinity while the answer is pending. */
  goodUntil: number;
}

/**
 * Returns a function that finds an answer once per key, and shares it with all concurrent callers and with
 * those that call within `freshMs` after it was found. A failure is passed on to the callers that wait for
 * it, and then forgotten.
 * @param options.freshMs may depend on the time that it took to find the answer, in milliseconds
 * @param options.max maximum number of answers kept at a time
 */
export function createSharedAnswers<T>({
  freshMs,
  max,
}: {
  readonly freshMs: number | ((tookMs: number) => number);
  readonly max: number;
}) {
  const known = new Lru<Shared<T>>(max);

  return (key: string, find: () => Promise<T>): Promise<T> => {
    const before = known.get(key);
    if (before && performance.now() < before.goodUntil) return before.answer;
    // With a deadline of its own, since the first of several callers may have little time left, and against no account.
    const answer = withoutMeter(() => withinDeadline(answerMs, find));
    const shared: Shared<T> = { answer, goodUntil: Number.POSITIVE_INFINITY };
    known.set(key, shared);
    const askedAt = performance.now();
    shared.answer.then(
      () => {
        const now = performance.now();
        shared.goodUntil = now + (typeof freshMs === 'number' ? freshMs : freshMs(now - askedAt));
      },
      () => (shared.goodUntil = 0),
    );
    return shared.answer;
  };
}
