/**
 * Finds out what has happened to watched tasks. While any is watched, each tick makes two list calls, whatever the
 * number of tasks; only those that have changed, or are under way, are then looked at one by one. Nobody watching: no
 * calls at all.
 *
 * States: idle (nothing watched) → polling ⇄ unreachable (calls fail; ticks grow rarer) → closed. Created by the
 * bridge, which closes it. Never throws: its failures are notices to the watchers and lines in the log.
 */
import type { Logger } from 'pino';
import type { Change, Changes, FeedCursor, Observation } from '../tasks/feed.ts';
import type { Hub } from './hub.ts';
import { createLookouts } from './lookouts.ts';

/** What the poller needs of the task service. */
export interface FeedSource {
  changesSince(cursor: FeedCursor): Promise<Changes>;
  /** The newest run, or the named one; undefined when there is none. */
  observe(id: string, runId?: string): Promise<Observation | undefined>;
}

export interface PollerOptions {
  readonly hub: Hub;
  readonly source: FeedSource;
  readonly logger: Logger;
  readonly tickMs?: number;
}

export interface Poller {
  /** Begins to poll; does nothing while it polls already. */
  wake(): void;
  /** Looks at once at a task that somebody watches or follows. */
  look(id: string): void;
  close(): Promise<void>;
}

const defaultTickMs = 250;
const slowestTickMs = 2000;
/** How far before now a fresh cursor begins: covers clocks that differ and lists that lag. */
const freshCursorMs = 10_000;
/** So long after a write it is in the lists for certain, also where its author's clock is behind. */
const settledMs = 10_000;
/** One failed tick is a hiccup; watchers are told of the second. */
const failuresBeforeNotice = 2;

export function createPoller({ hub, source, logger, tickMs = defaultTickMs }: PollerOptions): Poller {
  const lookouts = createLookouts({ hub, observe: (id, runId) => source.observe(id, runId), logger });
  let cursor: FeedCursor = { written: 0, closed: 0 };
  let newest: Newest = { written: { value: 0, seenAt: 0 }, closed: { value: 0, seenAt: 0 } };
  let failures = 0;
  let running: Promise<void> | undefined;
  const closing = new AbortController();

  async function run(): Promise<void> {
    const mark = { value: Date.now() - freshCursorMs, seenAt: performance.now() };
    newest = { written: mark, closed: mark };
    cursor = cursorAt(newest, mark.seenAt);
    // Those who watch now have not been told of an earlier outage.
    failures = 0;
    while (hub.size > 0 && !closing.signal.aborted) {
      const startedAt = Date.now();
      await tick();
      const interval = Math.min(tickMs * 2 ** failures, slowestTickMs);
      await pause(Math.max(0, startedAt + interval - Date.now()), closing.signal);
    }
  }

  async function tick(): Promise<void> {
    try {
      const askedAt = performance.now();
      const found = await source.changesSince(cursor);
      newest = {
        written: newer(newest.written, found.cursor.written, cursor.written, askedAt),
        closed: newer(newest.closed, found.cursor.closed, cursor.closed, askedAt),
      };
      // Only after a list that came: what happens while none does must be in the next one.
      cursor = cursorAt(newest, askedAt);
      recovered();
      lookAtNews(found.changes);
      hub.sweep(Date.now());
      lookouts.lookAtDue(Date.now());
    } catch (error) {
      failed(error);
    }
  }

  function lookAtNews(changes: readonly Change[]): void {
    for (const change of changes) {
      if (!hub.isNews(change)) continue;
      hub.expect(change.id);
      lookouts.lookAtNews(change.id);
    }
  }

  function recovered(): void {
    if (failures >= failuresBeforeNotice) {
      logger.info('Temporal answers again');
      hub.notice('resumed', 'Temporal answers again.');
      // Whatever happened meanwhile may have left the lists' window.
      for (const id of hub.ids()) lookouts.look(id);
    }
    failures = 0;
  }

  function failed(error: unknown): void {
    failures += 1;
    if (failures !== failuresBeforeNotice) return;
    logger.warn(
      { reason: error instanceof Error ? error.message : String(error) },
      'Temporal cannot be reached',
    );
    hub.notice('unreachable', 'Temporal cannot be reached; what you see may be out of date.');
  }

  function wake(): void {
    if (running || closing.signal.aborted) return;
    running = run().finally(() => {
      running = undefined;
      // A watcher may have come between the last look at the hub and this moment.
      if (hub.size > 0) wake();
    });
  }

  return {
    wake,
    look(id) {
      hub.expect(id);
      lookouts.follow(id);
    },
    async close() {
      closing.abort();
      await running;
      await lookouts.idle();
    },
  };
}

/** The greatest time that a list has shown, by the server's clock, and when that was, by ours. */
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
 * Where the next lists begin. Where nothing new comes, the server's clock goes on all the same: without that, the last
 * rows would be listed for ever.
 */
function cursorAt({ written, closed }: Newest, now: number): FeedCursor {
  const begin = ({ value, seenAt }: Mark): number => Math.max(value, value + (now - seenAt) - settledMs);
  return { written: begin(written), closed: begin(closed) };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
