import type { Principal } from '../auth/tokens.ts';

/** Node takes no longer ones. */
const maxTimerMs = 2 ** 31 - 1;

/** What a token has opened ends with it. Clear the timer when it ends before. */
export function atExpiry({ expiresAt }: Principal, end: () => void): NodeJS.Timeout {
  return setTimeout(end, Math.min(Math.max(0, expiresAt - Date.now()), maxTimerMs));
}
