import type { Principal } from '../auth/principal.ts';

/** Node takes no longer ones. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * What a token or key has opened ends with it.
 * @returns a function for when it ends before.
 */
export function atExpiry({ expiresAt }: Pick<Principal, 'expiresAt'>, end: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (until: number): void => {
    const leftMs = until - Date.now();
    timer = leftMs > maxTimerMs ? setTimeout(wait, maxTimerMs, until) : setTimeout(end, Math.max(0, leftMs));
  };
  if (expiresAt !== null) wait(expiresAt);
  return () => clearTimeout(timer);
}
