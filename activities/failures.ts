import { inspect } from 'node:util';
import { boundedRetryAfterMs, maxErrorMessageBytes } from '../src/contract/limits.ts';
import { truncateBytes } from '../src/contract/text.ts';
import type { HandlerFailure } from './pool/messages.ts';
import { TaskFailure } from './types/define.ts';

/** Reads whatever a handler threw. Anything that does not say otherwise is worth a retry. */
export function describeFailure(error: unknown): HandlerFailure {
  if (isTaskFailure(error)) {
    const { type, message, retryable, retryAfterMs } = error;
    const granted = typeof retryAfterMs === 'number' ? boundedRetryAfterMs(retryAfterMs) : undefined;
    return { ...named(type, message), retryable, retryAfterMs: granted, deliberate: true };
  }
  const report =
    error instanceof Error
      ? named(error.name, error.message || error.name)
      : named('Error', `The handler threw no Error but ${inspect(error, { depth: 1 })}`);
  return { ...report, retryable: true, deliberate: false };
}

/** By its looks, since a user's module may have a copy of the class of its own. */
export function isTaskFailure(error: unknown): error is TaskFailure {
  if (error instanceof TaskFailure) return true;
  return (
    error instanceof Error &&
    error.name === 'TaskFailure' &&
    'retryable' in error &&
    typeof error.retryable === 'boolean'
  );
}

/** Of errors from handlers even the members' types are hearsay. */
function named(type: unknown, message: unknown): Pick<HandlerFailure, 'type' | 'message'> {
  return {
    type: truncateBytes(text(type), 100),
    message: truncateBytes(text(message), maxErrorMessageBytes),
  };
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : inspect(value, { depth: 1 });
}

/** The attempt did not end by its handler's doing: the server begins another one, which uses up no retry. */
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
