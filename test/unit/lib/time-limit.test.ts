import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { TimeLimitError, withTimeLimit } from '../../../src/lib/time-limit.ts';

const never = new AbortController().signal;

/** Waits until the signal fires. @throws its reason. */
async function wait(signal: AbortSignal): Promise<never> {
  await sleep(60_000, undefined, { signal }).catch(() => undefined);
  throw signal.reason;
}

describe('withTimeLimit', () => {
  it('fires its signal with an error of its own after the time', async () => {
    const attempt = withTimeLimit({ limitMs: 10, message: 'too slow', signal: never }, wait);
    await expect(attempt).rejects.toEqual(new TimeLimitError('too slow'));
  });

  it('fires its signal with the reason of the other one', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const attempt = withTimeLimit({ limitMs: 60_000, message: '', signal: controller.signal }, wait);
    controller.abort(reason);
    await expect(attempt).rejects.toBe(reason);
  });

  it('does not start if the other signal has fired', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    let isStarted = false;
    const attempt = withTimeLimit({ limitMs: 10, message: '', signal }, async () => (isStarted = true));
    await expect(attempt).rejects.toThrow('enough');
    expect(isStarted).toBe(false);
  });

  it('returns what the work returns', async () => {
    expect(await withTimeLimit({ limitMs: 60_000, message: '', signal: never }, async () => 1)).toBe(1);
  });
});
