import type { Connection } from '@temporalio/client';
import { timeLeftMs } from '../lib/deadline.ts';
import { countOne } from '../lib/meter.ts';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';
import { isUnavailable, translate, unavailable } from './errors.ts';

/** Maximum time of a call, in milliseconds. It also ends with the deadline of the request that makes it. */
const callTimeoutMs = 4000;

export type Call = <T>(name: string, fn: () => Promise<T>, timeoutMs?: number) => Promise<T>;

export interface Calls {
  /**
   * Makes one named call, with a deadline (at the latest that of the running request) that also bounds the client's own
   * silent retries. Counts on the meter of the request that makes it.
   * @throws what `translate` makes of the client's error.
   */
  readonly call: Call;
  /** Waits for the calls in progress. */
  settled(): Promise<void>;
}

export function createCalls(connection: Connection, telemetry: Telemetry = noTelemetry): Calls {
  const inFlight = new Set<Promise<unknown>>();

  async function tracked<T>(promise: Promise<T>): Promise<T> {
    inFlight.add(promise);
    return promise.finally(() => inFlight.delete(promise));
  }

  return {
    async call(name, fn, timeoutMs = callTimeoutMs) {
      const ms = Math.min(timeoutMs, timeLeftMs());
      if (ms <= 0) throw unavailable(new Error(`No time was left for ${name}`));
      countOne();
      const startedAt = performance.now();
      let outcome: 'ok' | 'rejected' | 'unavailable' = 'ok';
      try {
        return await tracked(connection.withDeadline(Date.now() + ms, fn));
      } catch (error) {
        const translated = translate(error);
        outcome = isUnavailable(translated) ? 'unavailable' : 'rejected';
        throw translated;
      } finally {
        const seconds = (performance.now() - startedAt) / 1000;
        telemetry.count('taskbell_temporal_calls_total', { call: name, outcome });
        telemetry.observe('taskbell_temporal_call_duration_seconds', seconds, { call: name });
      }
    },
    async settled() {
      await Promise.allSettled(inFlight);
    },
  };
}
