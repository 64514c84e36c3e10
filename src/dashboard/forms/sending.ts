/** How forms are sent: once, and so that a time that has just passed is no obstacle. */
import type { FieldError } from '../../client/index.ts';
import { TaskbellError } from '../../client/index.ts';
import { randomKey } from '../../client/random-key.ts';

/**
 * The same key as long as the same is sent, so that a second try after a lost answer makes nothing twice; another after
 * every change, since a key belongs to its body.
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
 * A time that passed while the form was filled in means "at once". Only a refusal leads there: until then the body stays
 * the same, and with it its key.
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

/** What a refusal says about fields; where it says nothing of them, itself, as about the whole. */
export function errorsOf(error: unknown): readonly FieldError[] {
  if (error instanceof TaskbellError && error.errors.length > 0) return error.errors;
  return [{ pointer: '', message: error instanceof Error ? error.message : String(error) }];
}
