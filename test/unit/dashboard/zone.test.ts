import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allZones, instantOf, localTime } from '../../../src/dashboard/forms/zone.ts';

const second = 1000;
const found = (local: string, zone: string) => {
  const instant = instantOf(local, zone);
  return instant && { at: new Date(instant.at).toISOString().slice(0, 19), kind: instant.kind };
};

describe('a local time', () => {
  test.each([
    ['Asia/Kathmandu', '2026-05-01T12:00:00', '2026-05-01T06:15:00', 'exact'],
    ['UTC', '2026-05-01T12:00:30', '2026-05-01T12:00:30', 'exact'],
    ['Europe/Berlin', '2026-03-29T01:59:59', '2026-03-29T00:59:59', 'exact'],
    ['Europe/Berlin', '2026-03-29T02:30:00', '2026-03-29T01:00:00', 'skipped'],
    ['Europe/Berlin', '2026-03-29T03:00:00', '2026-03-29T01:00:00', 'exact'],
    ['Europe/Berlin', '2026-10-25T02:30:00', '2026-10-25T00:30:00', 'twice'],
    ['Europe/Berlin', '2026-10-25T03:00:00', '2026-10-25T02:00:00', 'exact'],
    ['America/New_York', '2026-03-08T02:00:00', '2026-03-08T07:00:00', 'skipped'],
    ['America/New_York', '2026-03-08T03:00:00', '2026-03-08T07:00:00', 'exact'],
    ['America/New_York', '2026-11-01T01:00:00', '2026-11-01T05:00:00', 'twice'],
    ['America/New_York', '2026-11-01T01:59:59', '2026-11-01T05:59:59', 'twice'],
    ['America/New_York', '2026-11-01T02:00:00', '2026-11-01T07:00:00', 'exact'],
    // Half an hour, with the seasons of the southern hemisphere.
    ['Australia/Lord_Howe', '2026-10-04T02:15:00', '2026-10-03T15:30:00', 'skipped'],
    ['Australia/Lord_Howe', '2026-04-05T01:45:00', '2026-04-04T14:45:00', 'twice'],
    // A whole day.
    ['Pacific/Apia', '2011-12-30T12:00:00', '2011-12-30T10:00:00', 'skipped'],
  ])('in %s, %s is %s (%s)', (zone, local, at, kind) => {
    expect(found(local, zone)).toEqual({ at, kind });
  });

  test('can have no seconds', () => {
    expect(found('2026-05-01T12:00', 'UTC')?.at).toBe('2026-05-01T12:00:00');
  });

  test.each(['', '2026-05-01', '2026-02-30T12:00:00', '2026-05-01T24:00:00', '12026-05-01T12:00', 'soon'])(
    'is not read from %j',
    (local) => {
      expect(instantOf(local, 'UTC')).toBeUndefined();
    },
  );
});

const zone = fc.constantFrom(...allZones());
const instant = fc
  .integer({ min: Date.UTC(1975, 0) / second, max: Date.UTC(2100, 0) / second })
  .map((seconds) => seconds * second);

test('the local time of an instant leads back to it, or to an earlier one with the same local time', () => {
  fc.assert(
    fc.property(instant, zone, (at, zone) => {
      const local = localTime(at, zone);
      const back = instantOf(local, zone);
      expect(back?.kind).not.toBe('skipped');
      expect(localTime(back?.at ?? 0, zone)).toBe(local);
      expect(back?.at === at || (back?.kind === 'twice' && back.at < at)).toBe(true);
    }),
    { numRuns: 1500 },
  );
});

test('a local time that a clock change skips leads to the first instant after it', () => {
  const zones = [
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'America/Santiago',
    'Africa/Cairo',
  ];
  const minute = fc.integer({ min: 0, max: 365 * 24 * 60 });
  fc.assert(
    fc.property(minute, fc.constantFrom(...zones), (minutes, zone) => {
      const local = new Date(Date.UTC(2026, 0) + minutes * 60 * second).toISOString().slice(0, 19);
      const { at, kind } = instantOf(local, zone) ?? { at: 0, kind: 'exact' };
      const [shown, before] = [localTime(at, zone), localTime(at - second, zone)];
      expect(kind === 'skipped' ? before < local && shown > local : shown === local).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test('all zones are listed once, UTC among them', () => {
  const zones = allZones();
  expect(zones).toContain('UTC');
  expect(zones).toContain('Europe/Berlin');
  expect(new Set(zones).size).toBe(zones.length);
});
