import { inspect } from 'node:util';
import { stackOf } from './failures.ts';

/** Long texts stay whole: the secret in one that is cut is not found. */
const whole = { maxStringLength: null };

/** Returns what a handler logs as text. Modules in JavaScript log anything: objects as JSON, errors with their causes. */
export function logText(message: unknown): string {
  if (typeof message === 'string') return message;
  if (message instanceof Error) return stackOf(message);
  if (typeof message !== 'object' || message === null || message instanceof Map || message instanceof Set)
    return inspect(message, whole);
  try {
    return JSON.stringify(message) ?? inspect(message, whole);
  } catch {
    // It has a circle or a BigInt.
    return inspect(message, { ...whole, depth: 4 });
  }
}
