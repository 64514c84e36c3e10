import { inspect } from 'node:util';
import { boundedRetryAfterMs, maxErrorMessageBytes } from '../src/contract/limits.ts';
import { truncateBytes } from '../src/contract/text.ts';
import type { HandlerFailure } from './pool/messages.ts';
import { TaskFailure } from './types/define.ts';

/** Describes whatever a handler threw. It is retryable unless it says otherwise. */
export function describeFailure(error: unknown): HandlerFailure {
  if (isTaskFailure(error)) {
    const { type, message, retryable, retryAfterMs } = error;
    const granted = typeof retryAfterMs === 'number' ? boundedRetryAfterMs(retryAfterMs) : undefined;
    return { ...named(type, message), retryable, retryAfterMs: granted, deliberate: true };
  }
  const report =
    error instanceof Error
      ? named(error.name, error.message || error.name)
      : named('Error', `The handler threw a value that is not an Error: ${inspect(error, { depth: 1 })}`);
  return { ...report, retryable: true, deliberate: false };
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
function named(type: unknown, message: unknown): Pick<HandlerFailure, 'type' | 'message'> {
  return {
    type: truncateBytes(text(type), 100),
    message: truncateBytes(text(message), maxErrorMessageBytes),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 1 });
}

/** The attempt was not ended by its handler. The server starts another one, which uses up no retry. */
export class AttemptInterrupted extends Error {
  override readonly name = 'AttemptInterrupted';
  readonly outcome: 'lost' | 'handed_back';
  readonly type: string;

  constructor(outcome: 'lost' | 'handed_back', type: string, message: string) {
    super(message);
    this.outcome = outcome;
    this.type = type;
  }
}
