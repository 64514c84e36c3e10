/** Sends forms so that nothing is created twice, and a time that has just passed is not an error. */
import type { FieldError } from '../../../client/index.ts';
import { TaskbellError } from '../../../client/index.ts';
import { randomKey } from '../../../client/random-key.ts';
import { errorMessage } from '../../../lib/error-message.ts';

/**
 * Returns a function that gives the same idempotency key for the same body, so that sending it again after a
 * lost response creates nothing twice. A changed body gets another key, since a key belongs to its body.
 */
export function createKeys(): (body: unknown) => string {
  const keys = new Map<string, string>();
  return (body) => {
    const text = JSON.stringify(body);
    const key = keys.get(text) ?? randomKey();
    keys.set(text, key);
    return key;
  };
}

interface Timed {
  scheduled_time?: string | undefined;
  delay?: number | undefined;
}

/**
 * Sends a form. If its time passed while the form was being filled in, sends it again to run at once, but
 * only after the service has rejected it: until then the body, and with it its key, stays the same.
 */
export async function sendInTime<B extends Timed, T>(
  body: B,
  now: () => number,
  send: (body: B) => Promise<T>,
): Promise<T> {
  try {
    return await send(body);
  } catch (error) {
    if (!isTooLate(error, body, now())) throw error;
    const { scheduled_time: _passed, ...others } = body;
    return send({ ...others, delay: 0 } as unknown as B);
  }
}

function isTooLate(error: unknown, { scheduled_time }: Timed, now: number): boolean {
  if (!(error instanceof TaskbellError) || error.status !== 400 || scheduled_time === undefined) return false;
  const isAboutTime = error.errors.length === 1 && error.errors[0]?.pointer === '/scheduled_time';
  return isAboutTime && Date.parse(scheduled_time) <= now;
}

/** Returns the field errors of a rejected request; if it has none, its message as an error of the form. */
export function errorsOf(error: unknown): readonly FieldError[] {
  if (error instanceof TaskbellError && error.errors.length > 0) return error.errors;
  return [{ pointer: '', message: errorMessage(error) }];
}
