/** Output of handlers. */
import { describe, expect, test } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { attempt, usePools } from '../support/pool.ts';

const { start } = usePools();

describe('output that a handler prints', () => {
  test.each(['log', 'error'] as const)('with console.%s is logged with its task', async (to) => {
    const pool = await start();
    const { pid } = await attempt(pool, 'prints', { lines: 2, to });
    const level = to === 'log' ? 'info' : 'warn';
    const facts = { handlerPid: pid, task: 'task of type prints' };
    await waitFor('the last line', () => pool.logged.some(({ message }) => message === 'the last line'));
    expect(pool.logged).toEqual([
      { level, facts, message: 'line 1 ...' },
      { level, facts, message: 'line 2 ...' },
      { level, facts, message: 'the last line' },
    ]);
  });

  test('is limited to some lines per second, and the lines left out are counted', async () => {
    const pool = await start();
    // The pause is longer than the second over which lines are counted.
    await attempt(pool, 'prints', { lines: 5000, length: 50, pause_ms: 1500 });
    await waitFor('the last line', () => pool.logged.some(({ message }) => message === 'the last line'));
    const lines = pool.logged.filter(({ message }) => message.startsWith('line '));
    const leftOut = pool.logged.flatMap(({ message }) => /^\((\d+) more lines/.exec(message)?.[1] ?? []);
    expect(lines.length).toBeGreaterThanOrEqual(100);
    // Spread over two or more seconds if the machine was slow.
    expect(lines.length).toBeLessThanOrEqual(300);
    expect(lines.length + leftOut.reduce((sum, count) => sum + Number(count), 0)).toBe(5000);
  });

  test('in one very long line is truncated', async () => {
    const pool = await start();
    await attempt(pool, 'prints', { lines: 1, length: 1_000_000 });
    await waitFor('the last line', () => pool.logged.some(({ message }) => message === 'the last line'));
    expect(pool.logged.map(({ message }) => message.length)).toEqual([2000, 13]);
  });
});
