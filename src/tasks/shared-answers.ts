import { LeastRecent } from '../least-recent.ts';

interface Shared<T> {
  readonly answer: Promise<T>;
  /** Infinity while the answer is not there. */
  goodUntil: number;
}

/**
 * Finds an answer once for all who ask for the same at the same time, and for those who ask within `freshMs` after it
 * was found. A failure is told to those who wait for it, and then forgotten.
 * @param max answers kept at a time
 */
export function createSharedAnswers<T>({ freshMs, max }: { freshMs: number; max: number }) {
  const known = new LeastRecent<Shared<T>>(max);

  return (key: string, find: () => Promise<T>): Promise<T> => {
    const before = known.get(key);
    if (before && Date.now() < before.goodUntil) return before.answer;
    const shared: Shared<T> = { answer: find(), goodUntil: Number.POSITIVE_INFINITY };
    known.set(key, shared);
    shared.answer.then(
      () => (shared.goodUntil = Date.now() + freshMs),
      () => (shared.goodUntil = 0),
    );
    return shared.answer;
  };
}
