import { describe, expect, test } from 'vitest';
import {
  caveatOf,
  inZone,
  isChosen,
  shortcuts,
  timeOf,
  type When,
} from '../../../src/dashboard/forms/when.ts';

const now = Date.parse('2026-05-01T12:00:00Z');
const minute = 60_000;
const at = (local: string, chosenAt = now, zone = 'UTC'): When => ({ kind: 'at', local, zone, chosenAt });
const relative: When = { kind: 'in', seconds: 600, zone: 'Europe/Berlin' };

function shortcut(label: string) {
  const found = shortcuts.find((one) => one.label === label);
  if (!found) throw new Error(`no shortcut ${label}`);
  return found;
}

describe('what is sent', () => {
  test('is a delay if no time of day was chosen, however long the form was open', () => {
    expect(timeOf(relative)).toEqual({ delay: 600 });
    expect(timeOf(shortcut('Now').apply(relative, now))).toEqual({ delay: 0 });
  });

  test('is the instant of a time that was chosen in a zone', () => {
    expect(timeOf(at('2026-05-02T09:00:00', now, 'Asia/Kathmandu'))).toEqual({
      scheduled_time: '2026-05-02T03:15:00.000Z',
    });
  });

  test('can be a time that has passed since it was chosen, or in the minute when it was chosen', () => {
    expect(timeOf(at('2026-05-01T12:00:00', now + minute / 2))).toEqual({
      scheduled_time: '2026-05-01T12:00:00.000Z',
    });
  });

  test.each([
    ['2026-04-30T12:00:00', 'past'],
    ['', 'date'],
  ])('cannot be the time %j, and the error says why', (local, word) => {
    expect(timeOf(at(local))).toMatchObject({ problem: expect.stringContaining(word) });
  });
});

test('tomorrow at nine is in the chosen zone, where it may already be the next day', () => {
  const late = Date.parse('2026-05-01T22:30:00Z');
  expect(shortcut('Tomorrow 9:00').apply(relative, late)).toEqual(
    at('2026-05-03T09:00:00', late, 'Europe/Berlin'),
  );
  expect(shortcut('Tomorrow 9:00').apply({ ...relative, zone: 'America/New_York' }, late)).toMatchObject({
    local: '2026-05-02T09:00:00',
  });
});

test('a chosen shortcut is recognized', () => {
  for (const one of shortcuts) {
    const when = one.apply(relative, now);
    expect(shortcuts.filter((other) => isChosen(other, when, now))).toEqual([one]);
  }
});

test('a time that is skipped, occurs twice or is past has a caveat', () => {
  expect(caveatOf(at('2026-03-29T02:30:00', 0, 'Europe/Berlin'), 0)).toContain('skip');
  expect(caveatOf(at('2026-10-25T02:30:00', 0, 'Europe/Berlin'), 0)).toContain('twice');
  expect(caveatOf(at('2026-04-01T00:00:00'), now)).toBe('This time is in the past.');
  expect(caveatOf(at('2026-05-01T11:59:30'), now)).toContain('immediately');
  expect(caveatOf(at('2026-05-01T12:59:30'), now)).toBeUndefined();
  expect(caveatOf(relative, now)).toBeUndefined();
});

test('after a change of zone, a time is past if it is before the moment of the change', () => {
  const day = 86_400_000;
  // As in the form of an existing task: its time, tomorrow, counts as chosen at that very time.
  const tomorrow = at('2026-05-02T12:00:00', now + day);
  expect(timeOf(inZone(tomorrow, 'Asia/Kathmandu', now))).toEqual({
    scheduled_time: '2026-05-02T06:15:00.000Z',
  });
  const soon = at('2026-05-01T13:00:00');
  expect(timeOf(inZone(soon, 'Asia/Kathmandu', now))).toHaveProperty('problem');
  expect(inZone(relative, 'UTC', now)).toEqual({ ...relative, zone: 'UTC' });
});
