import { inspect } from 'node:util';
import { boundedRetryAfterMs, maxErrorMessageBytes } from '../src/contract/limits.ts';
import { truncateBytes } from '../src/contract/text.ts';
import type { HandlerFailure } from './pool/messages.ts';
import { SecretMask } from './secret-mask.ts';
import { TaskFailure } from './types/define.ts';

/**
 * Describes whatever a handler threw. It is retryable unless it says otherwise.
 * @param mask the secrets to replace, before the texts are cut; none for errors of the worker
 */
export function describeFailure(error: unknown, mask = new SecretMask()): HandlerFailure {
  if (isTaskFailure(error)) {
    const { type, message, retryable, retryAfterMs } = error;
    const granted = typeof retryAfterMs === 'number' ? boundedRetryAfterMs(retryAfterMs) : undefined;
    return {
      ...named(type, withCause(error, message), mask),
      retryable,
      retryAfterMs: granted,
      deliberate: true,
    };
  }
  const report =
    error instanceof Error
      ? named(error.name, withCause(error, error.message || error.name), mask)
      : named('Error', `The handler threw a value that is not an Error: ${inspected(error)}`, mask);
  return { ...report, retryable: true, deliberate: false };
}

/** Messages that say nothing by themselves: the cause has what matters. `fetch failed` is that of Node's `fetch`. */
const emptyMessages: ReadonlySet<unknown> = new Set(['', 'fetch failed', 'terminated', 'Error']);

/** Returns the message of an error, with that of its cause if it says nothing by itself. */
function withCause(error: Error, message: unknown): unknown {
  const isEmpty = emptyMessages.has(message) || message === error.name;
  const causes = causesOf(error);
  if (!isEmpty || causes.length === 0) return message;
  return [message, ...causes.map(shortly)].filter((part) => part !== '').join(': ');
}

/** Maximum number of causes, which can form a circle. */
const maxCauses = 5;

/** Returns what caused an error, and what caused that, and so on. */
function causesOf(error: Error): unknown[] {
  const causes: unknown[] = [];
  for (let at: unknown = error.cause; at !== undefined && at !== null && causes.length < maxCauses;) {
    if (at === error || causes.includes(at)) break;
    causes.push(at);
    at = at instanceof Error ? at.cause : undefined;
  }
  return causes;
}

/** Returns an error's message, with its code in front if the message lacks it: `ECONNREFUSED` says more. */
function shortly(cause: unknown): string {
  if (!(cause instanceof Error)) return text(cause);
  const message = cause.message || firstOf(cause) || cause.name;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return code === '' || message.includes(code) ? message : `${code} ${message}`;
}

/** Returns the message of the first error of an AggregateError: Node tries all addresses of a host. */
function firstOf(error: Error): string {
  const [first]: unknown[] = error instanceof AggregateError ? error.errors : [];
  return first instanceof Error ? first.message : '';
}

/** Returns the stack of an error for the log, and those of its causes. */
export function stackOf(error: Error): string {
  return [stack(error), stackOfCauses(error)].filter((part) => part !== '').join('\n');
}

/** Returns the stacks of an error's causes; empty if it has none. */
export function stackOfCauses(error: Error): string {
  const causes = causesOf(error).map((cause) => (cause instanceof Error ? stack(cause) : text(cause)));
  return causes.map((cause) => `Caused by: ${cause}`).join('\n');
}

function stack(error: Error): string {
  return text(error.stack ?? String(error));
}

/** Recognises a TaskFailure by its members, since a user's module may have its own copy of the class. */
export function isTaskFailure(error: unknown): error is TaskFailure {
  if (error instanceof TaskFailure) return true;
  return (
    error instanceof Error &&
    error.name === 'TaskFailure' &&
    'retryable' in error &&
    typeof error.retryable === 'boolean'
  );
}

/** Returns a failure's type and message as strings: in an error from a handler, they may be anything. */
function named(type: unknown, message: unknown, mask: SecretMask): Pick<HandlerFailure, 'type' | 'message'> {
  return {
    type: truncateBytes(mask.text(text(type)), 100),
    message: truncateBytes(mask.text(text(message)), maxErrorMessageBytes),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : inspected(value);
}

/** Long texts stay whole: the secret in one that is cut is not found. */
function inspected(value: unknown): string {
  return inspect(value, { depth: 1, maxStringLength: null });
}

/** The attempt was not ended by its handler. The server starts another one, which uses up no retry. */
export class AttemptInterrupted extends Error {
  override readonly name = 'AttemptInterrupted';
  readonly outcome: 'lost' | 'handed_back';
  readonly type: string;
  /** Whether the handler was called. */
  readonly hasStarted: boolean;

  constructor(outcome: 'lost' | 'handed_back', type: string, message: string, hasStarted = true) {
    super(message);
    this.outcome = outcome;
    this.type = type;
    this.hasStarted = hasStarted;
  }
}
