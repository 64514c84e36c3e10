import { z } from 'zod';
import type { Client, NewTask, Task, TaskStatus, TaskSummary } from '../src/client/index.ts';
import type { Target } from './target.ts';

/** One of the demo's tasks: the request, what the demo then does to the task, and how it must end. */
export interface Scene {
  readonly task: NewTask;
  readonly ends: TaskStatus;
  /** Minimum number of attempts, for a task that is meant to fail first. */
  readonly attempts?: number;
  readonly later?: {
    readonly afterMs: number;
    /** What the demo is about to do: "cancels it". */
    readonly what: string;
    /** What the demo has done, where the task's status does not show it. */
    readonly done?: string;
    readonly run: (client: Client, id: string) => Promise<Task>;
  };
  /** Set if the task calls the demo's target, which the service may not allow. `instead` then replaces it. */
  readonly ifRejected?: { readonly instead: Scene | undefined };
  /** Returns the task's result in one line. */
  readonly summary: (task: TaskSummary) => string;
}

const hourSeconds = 3600;
const minuteSeconds = 60;

/** Returns the demo's scenes. @param csv a year of weather, one row a day. */
export function scenesOf(csv: string, target: Target): readonly Scene[] {
  return [
    {
      task: { name: 'Summarise a year of weather', type: 'process-data', payload: { csv }, delay: 3 },
      ends: 'COMPLETED',
      summary: weatherSummary,
    },
    {
      task: {
        name: 'Ask a server for a forecast',
        type: 'http-request',
        payload: { url: target.forecastUrl },
        delay: 4,
      },
      ends: 'COMPLETED',
      ifRejected: { instead: undefined },
      summary: answerSummary,
    },
    {
      task: {
        name: 'Call a server that fails twice',
        type: 'http-request',
        payload: { url: target.flakyUrl },
        retry: { max_retries: 3, initial_interval: 1 },
        delay: 5,
      },
      ends: 'COMPLETED',
      attempts: 3,
      ifRejected: { instead: callUnknownHost },
      summary: answerSummary,
    },
    {
      task: { name: 'Due in an hour, then cancelled', delay: hourSeconds },
      ends: 'CANCELLED',
      later: { afterMs: 3000, what: 'cancels it', run: (client, id) => client.tasks.cancel(id) },
      summary: () => 'never ran',
    },
    {
      task: {
        name: 'Due in 30 minutes, then moved up',
        payload: {
          rows: [
            { order: 'A-17', total: 42.5 },
            { order: 'A-18', total: 19 },
          ],
        },
        delay: 30 * minuteSeconds,
      },
      ends: 'COMPLETED',
      later: {
        afterMs: 5000,
        what: 'moves it up',
        done: 'moved up by the demo',
        run: (client, id) => client.tasks.edit(id, { delay: 5 }),
      },
      summary: ({ result }) => `${table.parse(result).rows} rows summarised`,
    },
  ];
}

/** Fails and is retried wherever it runs: RFC 2606 reserves .invalid, so the host never exists. */
const callUnknownHost: Scene = {
  task: {
    name: 'Call a host that does not exist',
    type: 'http-request',
    payload: { url: 'http://taskbell-demo.invalid/' },
    retry: { max_retries: 2, initial_interval: 1 },
    soft_time_limit: 15,
    delay: 5,
  },
  ends: 'FAILED',
  attempts: 3,
  summary: ({ error_message }) => error_message ?? '',
};

/** Returns whether the worker did not allow the call to the target, although the API accepted the task. */
export function isAddressRejection({ status, error_message }: TaskSummary): boolean {
  return status === 'FAILED' && /\bnot allowed\b/.test(error_message ?? '');
}

const column = z.object({
  mean: z.number().nullish(),
  max: z.union([z.number(), z.string()]).nullish(),
  top: z.array(z.object({ value: z.unknown(), count: z.number() })).nullish(),
});
const table = z.object({ rows: z.number(), columns: z.record(z.string(), column) });

function weatherSummary({ result }: TaskSummary): string {
  const { rows, columns } = table.parse(result);
  const { temp_max, precipitation, weather } = columns;
  const kinds = (weather?.top ?? []).slice(0, 3).map(({ value, count }) => `${String(value)} ${count}`);
  const degrees = `highs ${temp_max?.mean?.toFixed(1)} °C on average, ${temp_max?.max} °C at most`;
  const rain = `rain ${precipitation?.mean?.toFixed(1)} mm a day`;
  return `${rows} days: ${degrees}; ${rain}; ${kinds.join(', ')}`;
}

const answer = z.object({ status: z.number(), body: z.string(), duration_ms: z.number() });

function answerSummary({ result }: TaskSummary): string {
  const { status, body, duration_ms } = answer.parse(result);
  return `HTTP ${status} after ${duration_ms} ms: ${body}`;
}
