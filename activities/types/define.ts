import type { z } from 'zod';
import type { JsonValue } from '../../src/contract/json.ts';
import type { ScheduleOfAttempt } from '../../src/contract/workflow.ts';

export { secretReference } from '../../src/contract/secret.ts';

/** Owner of a task. `name` is the account's name; it is also the name of the owner's folder of data files. */
export interface TaskOwner {
  readonly id: string;
  readonly name: string;
}

/** Lines written here are kept with the attempt and shown to the task's owner. */
export interface TaskLog {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/**
 * Why an attempt is asked to stop, as the `name` of its signal's reason. After a cancellation, nothing the
 * handler does changes how the task ends. After the soft time limit, the handler can still return a result.
 * An attempt cut short by a shutdown starts again elsewhere, with the last checkpoint. An attempt is
 * withdrawn when the server has given up on it: no heartbeat arrived in time, or someone asked for it in
 * Temporal's Web UI; or when it takes too long for the quick lane. The task continues without it.
 */
export const stopReasons = [
  'SoftTimeLimitExceeded',
  'Cancelled',
  'WorkerShutdown',
  'AttemptWithdrawn',
] as const;
export type StopReason = (typeof stopReasons)[number];

/** The reason of a handler's signal. */
export class AttemptStopped extends Error {
  override readonly name: StopReason;
  constructor(name: StopReason, message: string) {
    super(message);
    this.name = name;
  }
}

/** What a handler is given for one attempt. */
export interface TaskContext {
  readonly taskId: string;
  readonly owner: TaskOwner;
  /** 1 for the first attempt of a run. */
  readonly attempt: number;
  /** Key that is the same for every attempt of a run, so that a receiver can recognise duplicates. */
  readonly idempotencyKey: string;
  /**
   * The schedule that has started the task, the time for which it did so (in UTC) and its time zone; null for a task that
   * was created by itself. `previous` has the result of the schedule's last completed run and when that ended, as far as
   * it had when this one started; null before the first one, for a run that a retry by hand started, and if runs may
   * overlap.
   */
  readonly schedule: ScheduleOfAttempt | null;
  /**
   * Fires on cancellation, the soft time limit, shutdown and withdrawal, with an {@link AttemptStopped} as
   * its reason. Pass it on, and stop when it fires. A handler that doesn't is killed with its process: at the
   * hard time limit, when its time to clean up after a cancellation ({@link TaskType.cleanupSeconds}) is
   * over, or 2 s after a withdrawal or the end of a shutdown's grace time; half a second after one from the quick
   * lane.
   */
  readonly signal: AbortSignal;
  readonly log: TaskLog;
  /**
   * The last checkpoint saved in this run (`undefined` at first), to resume from. At most 256 KiB of JSON.
   * What was written in the last second before a kill -9 may be lost.
   */
  readonly checkpoint: { read(): JsonValue | undefined; write(value: JsonValue): void };
  /**
   * Returns the value of a secret, if the task's owner may use it and it may be sent to this URL. Only the URL's
   * protocol, host and port count. If the handler reports the value (a result, an error, a log line, a checkpoint),
   * `[secret NAME]` takes its place.
   * @throws {TaskFailure} `SecretUnavailable`, not retryable, whatever the reason; `SecretsUnreadable`, retryable,
   *   if the worker cannot read its secrets now; the signal's reason once that has fired.
   */
  secret(name: string, url: string | URL): Promise<string>;
  /**
   * Reports the attempt's progress to its watchers.
   * @param percent 0–100; values outside are clamped.
   */
  progress(percent: number, message?: string): void;
}

/** A function of a type's payload. As a method, so that types with different payloads can be kept together. */
type PayloadTest<Payload> = { test(payload: Payload): boolean }['test'];

/** One kind of task: what its payload looks like, and how an attempt at it runs. */
export interface TaskType<Payload = unknown> {
  readonly name: string;
  readonly description: string;
  /** Checked when a task is created, and again, with its defaults applied, before `run`. */
  readonly payload: z.ZodType<Payload>;
  /**
   * Runs one attempt. Resolves with the task's result (JSON, at most 256 KiB). Throw {@link TaskFailure} to say
   * whether a failure is worth a retry; any other error counts as retryable.
   */
  run(context: TaskContext, payload: Payload): Promise<JsonValue>;
  /**
   * Whether the task's retry policy applies to an attempt that exceeded a limit. The next attempt has the
   * same limits, so by default it applies only to the soft time limit, after which the handler can save a
   * checkpoint.
   */
  readonly retryOn?: {
    readonly softTimeLimit?: boolean;
    readonly timeLimit?: boolean;
    readonly memoryLimit?: boolean;
  };
  /** Time to clean up after a cancellation before the handler's process is killed, in seconds. 10 by default. */
  readonly cleanupSeconds?: number;
  /**
   * Whether attempts are quick, for all payloads or for the one given: they take well below a second, and it does no harm
   * if one begins twice. A quick task costs a quarter less: its attempt starts at once in the worker that has noticed that the task
   * is due, if a handler process is free there. It shows neither RUNNING nor progress, and a cancellation takes effect
   * after it. One that takes longer than two and a half seconds is stopped, and another one follows as for any task.
   */
  readonly quick?: boolean | PayloadTest<Payload>;
}

/**
 * Defines a task type. The payload's type follows from its schema.
 *
 * @example
 * export default defineTaskType({
 *   name: 'greet',
 *   description: 'Greets a person',
 *   payload: z.strictObject({ who: z.string() }),
 *   run: async (context, { who }) => ({ greeting: `Hello, ${who}` }),
 * });
 */
export function defineTaskType<Payload>(type: TaskType<Payload>): TaskType<Payload> {
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(type.name)) {
    throw new TypeError(
      `Not a valid task type name: "${type.name}". Use up to 64 lower-case letters, digits and hyphens, a letter first.`,
    );
  }
  return type;
}

/** A failure that says whether a retry can help. */
export class TaskFailure extends Error {
  override readonly name = 'TaskFailure';
  /** A short, stable word for the kind of failure, such as `HttpStatus` or `FileNotFound`. */
  readonly type: string;
  readonly retryable: boolean;
  /** Minimum delay before another attempt, in milliseconds (an HTTP Retry-After, say). */
  readonly retryAfterMs: number | undefined;

  constructor(
    type: string,
    message: string,
    options: { retryable: boolean; retryAfterMs?: number | undefined; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.type = type;
    this.retryable = options.retryable;
    this.retryAfterMs = options.retryAfterMs;
  }
}
