import { signal } from '@preact/signals';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Connection, watchForReturn } from '../../../src/dashboard/watch-for-return.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function lookingOut() {
  const connection = signal<Connection>('open');
  const state = { isThere: false, isVisible: true, looks: 0, reconnects: 0 };
  const stop = watchForReturn({
    connection,
    isThere: async () => {
      state.looks += 1;
      return state.isThere;
    },
    reconnect: () => {
      state.reconnects += 1;
    },
    isVisible: () => state.isVisible,
  });
  return { connection, state, stop };
}

test('checks every few seconds while the connection is lost, and reconnects as soon as there is an answer', async () => {
  const { connection, state, stop } = lookingOut();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(state.looks).toBe(0);
  connection.value = 'lost';
  await vi.advanceTimersByTimeAsync(30_000);
  expect(state).toMatchObject({ looks: 10, reconnects: 0 });
  state.isThere = true;
  await vi.advanceTimersByTimeAsync(3000);
  expect(state.reconnects).toBe(1);
  connection.value = 'open';
  await vi.advanceTimersByTimeAsync(60_000);
  expect(state).toMatchObject({ looks: 11, reconnects: 1 });
  stop();
});

test('does not check while the page is hidden', async () => {
  const { connection, state, stop } = lookingOut();
  state.isVisible = false;
  connection.value = 'lost';
  await vi.advanceTimersByTimeAsync(60_000);
  expect(state.looks).toBe(0);
  state.isVisible = true;
  await vi.advanceTimersByTimeAsync(3000);
  expect(state.looks).toBe(1);
  stop();
});

test('waits longer with each try if the service answers but the feed does not connect', async () => {
  const { connection, state, stop } = lookingOut();
  state.isThere = true;
  connection.value = 'lost';
  // Tries after 3, 9, 21, 45 and 93 s.
  await vi.advanceTimersByTimeAsync(92_000);
  expect(state.reconnects).toBe(4);
  stop();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(state.reconnects).toBe(4);
});
