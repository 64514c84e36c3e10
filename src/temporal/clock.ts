/**
 * The server's clock, by which tasks become due. The clocks of two machines can differ by minutes, and no call returns
 * the server's. But it notes when a poll of a task queue started, so the poll of a queue that no one uses shows the time.
 */
import { randomUUID } from 'node:crypto';
import type { Connection, WorkflowService } from '@temporalio/client';
import proto from '@temporalio/proto';
import { pause } from '../lib/wait.ts';
import type { Call } from './calls.ts';
import { millis } from './payload.ts';

const { TaskQueueType } = proto.temporal.api.enums.v1;

/** Interval of the measurements, in milliseconds. After failures, it begins with the shorter one and doubles. */
const intervalMs = 20_000;
const firstIntervalMs = 1000;
/** Deadline of the poll, in milliseconds. The server rejects shorter ones; it is aborted after some. */
const pollMs = 10_000;
/** Time that a measurement takes if something is slow, in milliseconds. */
const slowMs = 250;
/** Difference between our clock and the monotonic one from which on one of them has jumped, in milliseconds. */
const jumpMs = 2000;
/** Maximum time for which requests wait for the first measurement, in milliseconds. */
const firstMs = 2000;
/** Maximum time until the server shows the poll, in milliseconds. */
const shownMs = 3000;

/** Difference of the clocks above which it is reported, and below which they agree again, in milliseconds. */
const notableMs = { above: 1000, below: 800 };

export interface ClockReports {
  /** Called for the first failure in a row. */
  onError(error: unknown): void;
  /** Called when our clock and the server's have come to differ by over a second, and when they no longer do. */
  onDifference(differenceMs: number, isNotable: boolean): void;
}

export interface ServerClock {
  /** Returns the server's time in milliseconds since the epoch; until the first measurement, our own. */
  now(): number;
  /** Does the same, but waits for the first measurement, until two seconds after the start. */
  measuredNow(): Promise<number>;
  /** Measures at once, and then every 20 s until it is closed. */
  start(reports: ClockReports): void;
  /**
   * Returns the time by which our clock is ahead of the server's, in milliseconds, give or take the time that the
   * measurement took; undefined until it is measured, and after one of the clocks has jumped.
   */
  difference(): number | undefined;
  close(): Promise<void>;
}

interface ServerClockOptions {
  readonly connection: Connection;
  readonly service: WorkflowService;
  readonly call: Call;
  readonly namespace: string;
  /** Name of a task queue that is not used otherwise. */
  readonly taskQueue: string;
}

export function createServerClock(options: ServerClockOptions): ServerClock {
  const { connection, service, call, namespace, taskQueue } = options;
  const closing = new AbortController();
  let running = Promise.resolve();
  /** Whether the clocks differed notably at the last measurement. */
  let wasNotable = false;
  /** Resolves after the first measurement, or when waiting for it has taken too long. */
  let ready = Promise.resolve();
  /** The server's time at an instant of the monotonic clock, which no correction of our own clock changes. */
  let measured:
    | {
        readonly serverAt: number;
        readonly monotonicAt: number;
        readonly ourAt: number;
        readonly tookMs: number;
      }
    | undefined;

  async function measure(): Promise<void> {
    const identity = `clock ${randomUUID()}`;
    const polling = new AbortController();
    const poll = connection.withAbortSignal(AbortSignal.any([polling.signal, closing.signal]), () =>
      connection.withDeadline(Date.now() + pollMs, () =>
        service.pollActivityTaskQueue({ namespace, taskQueue: { name: taskQueue }, identity }),
      ),
    );
    // It always fails: it is aborted. If it fails before, the server does not let us poll.
    const ended = poll.then(
      () => undefined,
      (error: unknown) => error,
    );
    const refused = ended.then((error) => {
      if (polling.signal.aborted || closing.signal.aborted) return undefined;
      throw error;
    });
    refused.catch(() => undefined);
    try {
      const startedAt = performance.now();
      const serverAt = await Promise.race([
        lastAccess(identity, startedAt + shownMs, polling.signal),
        refused,
      ]);
      if (serverAt === undefined) throw new Error('The server does not show a poll');
      const tookMs = performance.now() - startedAt;
      // A slow one is far behind; the last one is better, unless there is none.
      if (tookMs > slowMs && measured && !hasJumped(measured)) return;
      // The server noted it some milliseconds ago. Counted from now, our time is behind the server's and never ahead: a
      // task that is due at once would otherwise wait.
      measured = { serverAt, monotonicAt: performance.now(), ourAt: Date.now(), tookMs };
    } finally {
      polling.abort();
      await ended;
    }
  }

  async function lastAccess(
    identity: string,
    deadline: number,
    over: AbortSignal,
  ): Promise<number | undefined> {
    for (
      let pauseMs = 5;
      performance.now() < deadline && !over.aborted && !closing.signal.aborted;
      pauseMs *= 1.5
    ) {
      const { pollers } = await call('describeTaskQueue', () =>
        service.describeTaskQueue({
          namespace,
          taskQueue: { name: taskQueue },
          taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
        }),
      );
      const poller = pollers?.find((each) => each.identity === identity);
      if (poller) return millis(poller.lastAccessTime);
      await pause(pauseMs, closing.signal);
    }
    return undefined;
  }

  function reportDifference(reports: ClockReports): void {
    const differenceMs = clock.difference();
    if (differenceMs === undefined) return;
    const surelyMs = Math.abs(differenceMs) - (measured?.tookMs ?? 0);
    const isNotable: boolean = surelyMs > (wasNotable ? notableMs.below : notableMs.above);
    if (isNotable !== wasNotable) reports.onDifference(differenceMs, isNotable);
    wasNotable = isNotable;
  }

  async function repeat(reports: ClockReports, onMeasured: () => void): Promise<void> {
    for (let failures = 0; !closing.signal.aborted;) {
      try {
        await measure();
        failures = 0;
        onMeasured();
        reportDifference(reports);
      } catch (error) {
        // Temporal is unavailable, or does not let us poll: the last measurement counts.
        if (failures === 0 && !closing.signal.aborted) reports.onError(error);
        failures += 1;
      }
      const pauseMs = failures === 0 ? intervalMs : firstIntervalMs * 2 ** (failures - 1);
      await pause(Math.min(pauseMs, intervalMs), closing.signal);
    }
  }

  const clock: ServerClock = {
    now() {
      if (!measured || hasJumped(measured)) return Date.now();
      return Math.round(measured.serverAt + performance.now() - measured.monotonicAt);
    },
    async measuredNow() {
      await ready;
      return clock.now();
    },
    difference: () => (measured && !hasJumped(measured) ? Date.now() - clock.now() : undefined),
    start(reports) {
      const first = new AbortController();
      ready = pause(firstMs, AbortSignal.any([first.signal, closing.signal]));
      running = repeat(reports, () => first.abort());
    },
    async close() {
      closing.abort();
      await running;
    },
  };
  return clock;
}

/**
 * Returns whether our clock and the monotonic one disagree since a measurement: the machine was asleep, or its clock was
 * set. If the server is on it, its clock has jumped with ours.
 */
function hasJumped({
  monotonicAt,
  ourAt,
}: {
  readonly monotonicAt: number;
  readonly ourAt: number;
}): boolean {
  return Math.abs(Date.now() - ourAt - (performance.now() - monotonicAt)) > jumpMs;
}
