import type { Connection } from '@temporalio/client';
import { noTelemetry, type Telemetry } from '../lib/telemetry.ts';
import { translate } from './errors.ts';

/** Deadline of a call, in milliseconds: callers learn within five seconds that Temporal does not answer. */
const callTimeoutMs = 4000;

export type Call = <T>(name: string, fn: () => Promise<T>, timeoutMs?: number) => Promise<T>;

export interface Calls {
  /**
   * Makes one named call, with a deadline that also bounds the client's own silent retries.
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
      const startedAt = performance.now();
      let outcome = 'ok';
      try {
        return await tracked(connection.withDeadline(Date.now() + timeoutMs, fn));
      } catch (error) {
        outcome = 'error';
        throw translate(error);
      } finally {
        const seconds = (performance.now() - startedAt) / 1000;
        telemetry.observe('taskbell_temporal_call_seconds', seconds, { call: name, outcome });
      }
    },
    async settled() {
      await Promise.allSettled(inFlight);
    },
  };
}
