import { AppError } from '../contract/errors.ts';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';

/** Counts the feeds of each account, sockets and event streams together, in this process. */
export interface FeedLimit {
  /**
   * Takes one of an account's feeds.
   * @returns a function that gives it back; further calls do nothing.
   * @throws AppError too_many_requests if all are open.
   */
  take(account: string): () => void;
}

/** Seconds after which a feed may have been closed: as long as a client that is lost can keep one open. */
const retryAfterSeconds = 30;

/** @param max Maximum number of open feeds of one account; 0 for no limit. */
export function createFeedLimit(max: number, telemetry: Telemetry = noTelemetry): FeedLimit {
  const open = new Map<string, number>();

  function giveBack(account: string): void {
    const left = (open.get(account) ?? 1) - 1;
    if (left === 0) open.delete(account);
    else open.set(account, left);
  }

  return {
    take(account) {
      const own = open.get(account) ?? 0;
      if (max > 0 && own >= max) {
        telemetry.count('taskbell_rate_limited_total', { why: 'feeds' });
        const message = `The account already has ${max} sockets and event streams open. Close some first.`;
        throw new AppError('too_many_requests', message, { retryAfterSeconds });
      }
      open.set(account, own + 1);
      let isTaken = true;
      return () => {
        if (isTaken) giveBack(account);
        isTaken = false;
      };
    },
  };
}
