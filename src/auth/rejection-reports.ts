import { Lru } from '../lib/lru.ts';

/** Time in which one kind of rejection is reported once, and in which all are counted, in milliseconds. */
const reportAgainMs = 60_000;
/** Maximum number of reports in that time: anyone can send invalid credentials, with texts of their choice. */
const maxReports = 20;

/**
 * Limits how often rejected credentials are reported: each kind once a minute, and all together twenty times.
 * @param report called with what is to be reported.
 */
export function limitReports<T extends unknown[]>(
  report: (...what: T) => void,
): (kind: string, ...what: T) => void {
  const reported = new Lru<number>(maxReports);
  let count = 0;
  let countedSince = Number.NEGATIVE_INFINITY;
  return (kind, ...what) => {
    const now = performance.now();
    if (now - (reported.get(kind) ?? Number.NEGATIVE_INFINITY) < reportAgainMs) return;
    if (now - countedSince >= reportAgainMs) [count, countedSince] = [0, now];
    if (count >= maxReports) return;
    count += 1;
    reported.set(kind, now);
    report(...what);
  };
}
