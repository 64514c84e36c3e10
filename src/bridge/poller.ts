/**
 * Finds changes of watched tasks. While any task is watched, each tick makes two list calls, whatever the number of
 * tasks. Only tasks that have changed, or are under way, are then looked at one by one. Without watchers, it makes no
 * calls at all.
 *
 * States: idle (nothing watched) → polling ⇄ unreachable (calls fail; ticks grow rarer) → closed. The API process
 * creates and closes it. Never throws: its failures become notices to the watchers and lines in the log.
 */
import type { Logger } from 'pino';
import type { Change, Changes, FeedCursor, Observation } from '../tasks/feed.ts';
import type { Hub } from './hub.ts';
import { createObserver } from './observer.ts';
import { errorMessage } from '../lib/error-message.ts';
import { pause } from '../lib/wait.ts';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';

/** The part of the task service that the poller uses. */
export interface FeedSource {
  changesSince(cursor: FeedCursor): Promise<Changes>;
  /** Reads the newest run, or the given one. Undefined if it does not exist. */
  observe(id: string, runId?: string): Promise<Observation | undefined>;
}

export interface PollerOptions {
  readonly hub: Hub;
  readonly source: FeedSource;
  readonly logger: Logger;
  readonly telemetry?: Telemetry;
  readonly tickMs?: number;
}

export interface Poller {
  /** Starts to poll. Does nothing if already polling. */
  wake(): void;
  /** Looks at once at a task that is watched. */
  look(id: string): void;
  close(): Promise<void>;
}

const defaultTickMs = 250;
const slowestTickMs = 2000;
/** Age of a new cursor when polling starts, in milliseconds. Covers clock skew and lists that lag. */
const freshCursorMs = 10_000;
/** Time after which a write is certain to be in the lists, even with clock skew, in milliseconds. */
const settledMs = 10_000;
/** Number of failed ticks in a row after which watchers are notified. A single one is a hiccup. */
const failuresBeforeNotice = 2;
/**
 * Time for which an outage counts as going on while nothing is watched, in milliseconds: a viewer who reloads the only
 * open page should not have to wait for it to be noticed again.
 */
const sameOutageMs = 5000;

export function createPoller(options: PollerOptions): Poller {
  const { hub, source, logger, telemetry = noTelemetry, tickMs = defaultTickMs } = options;
  const observe: FeedSource['observe'] = (id, runId) => source.observe(id, runId);
  const observer = createObserver({ hub, observe, logger, telemetry });
  let cursor: FeedCursor = { written: 0, closed: 0 };
  let newest: Newest = { written: { value: 0, seenAt: 0 }, closed: { value: 0, seenAt: 0 } };
  let failures = 0;
  /** Time of the last failed tick. */
  let failedAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | undefined;
  const closing = new AbortController();

  async function run(): Promise<void> {
    // oxlint-disable-next-line eslint/no-restricted-properties -- compared with the server's
    const mark = { value: Date.now() - freshCursorMs, seenAt: performance.now() };
    newest = { written: mark, closed: mark };
    cursor = cursorAt(newest, mark.seenAt);
    if (mark.seenAt - failedAt > sameOutageMs) {
      failures = 0;
      hub.forgetOutage();
    }
    while (hub.size > 0 && !closing.signal.aborted) {
      const startedAt = performance.now();
      await tick();
      const interval = Math.min(tickMs * 2 ** failures, slowestTickMs);
      await pause(Math.max(0, startedAt + interval - performance.now()), closing.signal);
    }
  }

  async function tick(): Promise<void> {
    const askedAt = performance.now();
    telemetry.count('taskbell_bridge_calls_total', { call: 'changes' });
    try {
      const found = await source.changesSince(cursor);
      newest = {
        written: newer(newest.written, found.cursor.written, cursor.written, askedAt),
        closed: newer(newest.closed, found.cursor.closed, cursor.closed, askedAt),
      };
      // Only after a successful call: what changes while calls fail must be in the next lists.
      cursor = cursorAt(newest, askedAt);
      recovered();
      for (const { id, owner, at } of found.deletions) hub.deleted(id, owner, at);
      lookAtNews(found.changes);
      hub.sweep(performance.now());
      observer.lookAtDue();
    } catch (error) {
      failed(error);
    }
    telemetry.observe('taskbell_bridge_tick_seconds', (performance.now() - askedAt) / 1000, {});
  }

  function lookAtNews(changes: readonly Change[]): void {
    for (const change of changes) {
      if (!hub.isNews(change)) continue;
      hub.expect(change.id);
      observer.lookAtNews(change.id);
    }
  }

  function recovered(): void {
    if (failures >= failuresBeforeNotice) {
      logger.info('Temporal is reachable again');
      hub.notice('resumed', 'Temporal is reachable again.');
      // Changes during the outage may have left the lists' window.
      for (const id of hub.ids()) observer.look(id);
    }
    failures = 0;
  }

  function failed(error: unknown): void {
    failures += 1;
    failedAt = performance.now();
    if (failures !== failuresBeforeNotice) return;
    logger.warn({ reason: errorMessage(error) }, 'Temporal cannot be reached');
    hub.notice('unreachable', 'Temporal cannot be reached; what you see may be out of date.');
  }

  function wake(): void {
    if (running || closing.signal.aborted) return;
    running = run().finally(() => {
      running = undefined;
      // A watcher may have arrived since the last check of the hub's size.
      if (hub.size > 0) wake();
    });
  }

  return {
    wake,
    look(id) {
      hub.expect(id);
      observer.lookAfterAction(id);
    },
    async close() {
      closing.abort();
      await running;
      await observer.idle();
    },
  };
}

/** The latest time that a list has shown, by the server's clock, and when it was seen, by ours. */
interface Mark {
  readonly value: number;
  readonly seenAt: number;
}
interface Newest {
  readonly written: Mark;
  readonly closed: Mark;
}

function newer(mark: Mark, found: number, asked: number, seenAt: number): Mark {
  return found > asked ? { value: found, seenAt } : mark;
}

/**
 * Returns where the next lists start. Without news, the cursor still advances with the time that passes: otherwise,
 * the last rows would be listed forever.
 */
function cursorAt({ written, closed }: Newest, now: number): FeedCursor {
  const startOf = ({ value, seenAt }: Mark): number => Math.max(value, value + (now - seenAt) - settledMs);
  return { written: startOf(written), closed: startOf(closed) };
}
