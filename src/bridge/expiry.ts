import type { Principal } from '../auth/principal.ts';

/** Maximum delay that Node.js accepts for a timer, in milliseconds. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * Calls `end` when the token or key expires: the socket or stream that it has opened must end with it.
 * @returns a function that cancels the call, for when the socket or stream ends earlier.
 */
export function atExpiry({ expiresAt }: Pick<Principal, 'expiresAt'>, end: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const wait = (until: number): void => {
    // oxlint-disable-next-line eslint/no-restricted-properties -- compared with the credential's
    const leftMs = until - Date.now();
    timer = leftMs > maxTimerMs ? setTimeout(wait, maxTimerMs, until) : setTimeout(end, Math.max(0, leftMs));
  };
  if (expiresAt !== null) wait(expiresAt);
  return () => clearTimeout(timer);
}
