/** Which owners' attempts the slots of a worker take, and when the guest slot opens. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Slots } from '../../activities/slots.ts';

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

async function enter(slots: Slots, owner: string): Promise<Leave> {
  const leave = await slots.own.enter(owner, running);
  if (!leave) throw new Error(`${owner} was refused`);
  return leave;
}

/** Lets dave take all slots, and the time pass until the guest slot is open. */
async function monopolised(count: number): Promise<{ slots: Slots; leave: Leave[] }> {
  const slots = new Slots(count);
  const leave: Leave[] = [];
  for (let taken = 0; taken < count; taken += 1) leave.push(await enter(slots, 'dave'));
  await vi.advanceTimersByTimeAsync(5_000);
  return { slots, leave };
}

describe('the guest slot', () => {
  test('opens once one owner has held all slots for five seconds', async () => {
    const slots = new Slots(2);
    const guest = reserve(slots);
    await enter(slots, 'dave');
    await vi.advanceTimersByTimeAsync(10_000);
    await enter(slots, 'dave');
    await vi.advanceTimersByTimeAsync(4_900);
    expect(guest.outcome).toBe('waits');
    await vi.advanceTimersByTimeAsync(200);
    expect(guest.outcome).toBe('reserved');
  });

  test('stays closed while two owners share the slots, and while attempts of one follow each other', async () => {
    const slots = new Slots(2);
    const guest = reserve(slots);
    await enter(slots, 'bob');
    let leave = await enter(slots, 'dave');
    await vi.advanceTimersByTimeAsync(20_000);
    expect(guest.outcome).toBe('waits');

    const short = new Slots(1);
    const next = reserve(short);
    for (let second = 0; second < 20; second += 1) {
      leave = await enter(short, 'dave');
      await vi.advanceTimersByTimeAsync(1_000);
      leave();
    }
    expect(next.outcome).toBe('waits');
  });

  test('takes an attempt of another owner, and none of the owner who has all the others', async () => {
    const { slots } = await monopolised(2);
    expect(await slots.guest.enter('dave', running)).toBeUndefined();
    const leave = await slots.guest.enter('bob', running);
    expect(leave).toBeTypeOf('function');
    leave?.();
    expect(await slots.guest.enter('carol', running)).toBeTypeOf('function');
  });

  test('is closed for five seconds after an attempt was refused', async () => {
    const { slots } = await monopolised(1);
    await slots.reserveGuest(running);
    await slots.guest.enter('dave', running);
    slots.releaseGuest();
    const again = reserve(slots);
    await vi.advanceTimersByTimeAsync(4_900);
    expect(again.outcome).toBe('waits');
    await vi.advanceTimersByTimeAsync(200);
    expect(again.outcome).toBe('reserved');
  });

  test('is one slot: the next reservation waits until it is released', async () => {
    const { slots } = await monopolised(1);
    await slots.reserveGuest(running);
    const second = reserve(slots);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(second.outcome).toBe('waits');
    slots.releaseGuest();
    await vi.advanceTimersByTimeAsync(0);
    expect(second.outcome).toBe('reserved');
  });

  test('closes when a slot becomes free', async () => {
    const { slots, leave } = await monopolised(1);
    leave[0]?.();
    const guest = reserve(slots);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(guest.outcome).toBe('waits');
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

describe('an owner who has the guest slot', () => {
  /** bob has the guest slot and all others but one, of two. */
  async function allButOne(): Promise<{ slots: Slots; leaveGuest: Leave }> {
    const { slots, leave } = await monopolised(2);
    const leaveGuest = await slots.guest.enter('bob', running);
    for (const each of leave) each();
    await enter(slots, 'bob');
    return { slots, leaveGuest: leaveGuest ?? (() => undefined) };
  }

  test('does not get all the others too: its next attempt is refused, after a while', async () => {
    const { slots } = await allButOne();
    const next = slots.own.enter('bob', running);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await next).toBeUndefined();
    expect(await slots.own.enter('carol', running)).toBeTypeOf('function');
  });

  test('gets one if an attempt of its own ends meanwhile', async () => {
    const { slots, leaveGuest } = await allButOne();
    const next = slots.own.enter('bob', running);
    leaveGuest();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(await next).toBeTypeOf('function');
  });

  test('gets one at once if the attempt has been asked to stop: it then ends by itself', async () => {
    const { slots } = await allButOne();
    expect(await slots.own.enter('bob', AbortSignal.abort())).toBeTypeOf('function');
  });
});
