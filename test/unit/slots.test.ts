/** Which owners' attempts a worker's slots take, and when its guest slot opens. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Slots } from '../../activities/slots.ts';
import { measureSlots } from '../../src/worker/measure-slots.ts';
import { recordTelemetry } from '../support/telemetry.ts';

type Leave = () => void;

const running = new AbortController().signal;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Asks for the guest slot. @returns what has come of it. */
function reserve(slots: Slots, signal: AbortSignal = running): { outcome: unknown } {
  const reservation: { outcome: unknown } = { outcome: 'waits' };
  slots.reserveGuest(signal).then(
    () => (reservation.outcome = 'reserved'),
    (error: unknown) => (reservation.outcome = error),
  );
  return reservation;
}

function enter(slots: Slots, owner: string): Leave {
  const leave = slots.own.enter(owner);
  if (!leave) throw new Error(`${owner} was refused`);
  return leave;
}

/** Lets dave take all slots, and the time pass until the guest slot is open. */
async function monopolised(count: number): Promise<{ slots: Slots; leave: Leave[] }> {
  const slots = new Slots(count);
  const leave = Array.from({ length: count }, () => enter(slots, 'dave'));
  await vi.advanceTimersByTimeAsync(5_000);
  return { slots, leave };
}

/** Lets the time pass, and returns whether a guest could come in then. */
async function opensWithin(slots: Slots, ms: number): Promise<boolean> {
  const asked = new AbortController();
  const guest = reserve(slots, asked.signal);
  await vi.advanceTimersByTimeAsync(ms);
  asked.abort(new Error('just asking'));
  await vi.advanceTimersByTimeAsync(0);
  return guest.outcome === 'reserved';
}

describe('the guest slot', () => {
  test('opens once one owner has held all slots for five seconds', async () => {
    const slots = new Slots(2);
    const guest = reserve(slots);
    enter(slots, 'dave');
    await vi.advanceTimersByTimeAsync(10_000);
    enter(slots, 'dave');
    await vi.advanceTimersByTimeAsync(4_900);
    expect(guest.outcome).toBe('waits');
    await vi.advanceTimersByTimeAsync(200);
    expect(guest.outcome).toBe('reserved');
  });

  test('stays closed while two owners share the slots, and while attempts of one follow each other', async () => {
    const shared = new Slots(2);
    enter(shared, 'bob');
    enter(shared, 'dave');
    expect(await opensWithin(shared, 60_000)).toBe(false);

    const busy = new Slots(1);
    const guest = reserve(busy);
    for (let second = 0; second < 20; second += 1) {
      const leave = enter(busy, 'dave');
      await vi.advanceTimersByTimeAsync(1_000);
      leave();
    }
    expect(guest.outcome).toBe('waits');
  });

  test('takes an attempt of another owner, one at a time, and opens again at once when that has ended', async () => {
    const { slots } = await monopolised(2);
    await slots.reserveGuest(running);
    const leave = slots.guest.enter('bob');
    expect(leave).toBeTypeOf('function');
    expect(await opensWithin(slots, 60_000)).toBe(false);
    leave?.();
    expect(await opensWithin(slots, 0)).toBe(true);
  });

  test('refuses an attempt of the owner who holds the others, and is closed for five seconds then', async () => {
    const { slots } = await monopolised(1);
    const permit = await slots.reserveGuest(running);
    expect(slots.guest.enter('dave')).toBeUndefined();
    slots.releaseGuest(permit);
    expect(await opensWithin(slots, 4_900)).toBe(false);
    expect(await opensWithin(slots, 200)).toBe(true);
  });

  test('refuses everyone once a slot is free: the task is for that one', async () => {
    const { slots, leave } = await monopolised(1);
    await slots.reserveGuest(running);
    leave[0]?.();
    expect(slots.guest.enter('bob')).toBeUndefined();
    expect(await opensWithin(slots, 60_000)).toBe(false);
  });

  test('has one poll at a time: the next waits until the permit is given back', async () => {
    const { slots } = await monopolised(1);
    const permit = await slots.reserveGuest(running);
    const second = reserve(slots);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(second.outcome).toBe('waits');
    slots.releaseGuest(permit);
    await vi.advanceTimersByTimeAsync(0);
    expect(second.outcome).toBe('reserved');
    // Given back once more, it does not end the permit of another poll.
    slots.releaseGuest(permit);
    expect(await opensWithin(slots, 60_000)).toBe(false);
  });

  test('is no longer waited for once the worker stops', async () => {
    const stopping = new AbortController();
    const guest = reserve(new Slots(1), stopping.signal);
    const reason = new Error('the worker stops');
    stopping.abort(reason);
    await vi.advanceTimersByTimeAsync(0);
    expect(guest.outcome).toBe(reason);
  });
});

test('a guest who comes to hold the other slots too does not shut out the rest: another guest slot opens', async () => {
  const { slots, leave } = await monopolised(1);
  slots.guest.enter('bob');
  leave[0]?.();
  enter(slots, 'bob');
  expect(await opensWithin(slots, 5_000)).toBe(true);
  expect(slots.guest.enter('bob')).toBeUndefined();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(slots.guest.enter('carol')).toBeTypeOf('function');
  // Two guests of two owners: no one holds everything any more.
  expect(await opensWithin(slots, 60_000)).toBe(false);
});

test('the slots of a worker are measured until it ends', async () => {
  const telemetry = recordTelemetry();
  const slots = new Slots(3);
  enter(slots, 'dave');
  const stop = measureSlots(telemetry, slots, 3);
  expect((await telemetry.gauges()).map(({ labels, value }) => [labels['state'], value])).toEqual([
    ['used', 1],
    ['free', 2],
    ['guest', 0],
  ]);
  stop();
  expect(await telemetry.gauges()).toEqual([]);
});
