/** The times that we compute for schedules, compared with those that Temporal's server finds for the same specification. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { AppError } from '../../src/contract/errors.ts';
import { whenInput } from '../../src/contract/schedule.ts';
import { type CompiledWhen, compileWhen } from '../../src/schedules/compile.ts';
import { specOf } from '../../src/schedules/spec.ts';
import { timesAfter } from '../../src/schedules/times.ts';
import { connectTemporal } from '../support/temporal-client.ts';

const { namespace } = inject('temporal');
const compared = 50;
let client: Client;

beforeAll(async () => {
  client = await connectTemporal();
});

afterAll(() => client.connection.close());

/** Zones whose clocks are turned at midnight, by half an hour, during Ramadan, by two hours, or not at all. */
const zones = [
  'UTC',
  'Europe/Oslo',
  'Europe/Dublin',
  'America/New_York',
  'America/St_Johns',
  'America/Santiago',
  'America/Havana',
  'America/Nuuk',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Asia/Kolkata',
  'Asia/Beirut',
  'Asia/Gaza',
  'Australia/Lord_Howe',
  'Pacific/Chatham',
  'Pacific/Apia',
  'Antarctica/Troll',
];

function element(min: number, max: number): fc.Arbitrary<string> {
  const value = fc.integer({ min, max });
  return fc.oneof(
    { weight: 2, arbitrary: value.map(String) },
    fc.constant('*'),
    fc.integer({ min: 1, max: max + 3 }).map((step) => `*/${step}`),
    fc.tuple(value, value).map(([from, to]) => `${from}-${to}`),
    fc.tuple(value, value, fc.integer({ min: 1, max: 9 })).map(([from, to, step]) => `${from}-${to}/${step}`),
  );
}

const list = (min: number, max: number): fc.Arbitrary<string> =>
  fc.array(element(min, max), { minLength: 1, maxLength: 2 }).map((elements) => elements.join(','));
const mostlyAny = (...others: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: others.length, arbitrary: fc.constant('*') }, ...others);
const dayOfMonth = mostlyAny(list(1, 31), fc.constantFrom('L', 'L-3', '15,L'));
const dayOfWeek = mostlyAny(list(0, 7), fc.constantFrom('5L', 'MON#3', 'FRI-MON', 'SUN#5,2'));
const cron = fc
  .tuple(list(0, 59), list(0, 23), dayOfMonth, mostlyAny(list(1, 12)), dayOfWeek)
  .map((fields) => fields.join(' '));
const instant = (from: string, to: string): fc.Arbitrary<string> =>
  fc.date({ noInvalidDate: true, min: new Date(from), max: new Date(to) }).map((date) => date.toISOString());
const skip = fc.oneof(
  fc.constantFrom('2026-12-25', '2027-03-28'),
  fc.constantFrom({ from: '2026-03-20', to: '2027-03-29' }, { from: '2025-10-20', to: '2025-10-27' }),
  fc.record({ day_of_week: dayOfWeek }),
  fc.record({ hour: list(0, 23) }),
);
const interval = fc.record({
  seconds: fc.integer({ min: 600, max: 200_000 }),
  anchor: instant('2000-01-01', '2030-01-01'),
});
const when = fc.record({
  cron: fc.array(cron, { maxLength: 2 }),
  day_match: fc.constantFrom('or', 'and'),
  every: fc.array(interval, { maxLength: 1 }),
  timezone: fc.constantFrom(...zones),
  skip: fc.array(skip, { maxLength: 2 }),
  start_at: fc.oneof(fc.constant(null), instant('2001-01-01', '2030-01-01')),
});

/** Returns the first times, and the time after which they are. @returns undefined if the schedule is rejected. */
function ours(spec: unknown, from: number): { compiled: CompiledWhen; times: number[] } | undefined {
  try {
    const compiled = compileWhen(whenInput.parse(spec), '', 0);
    const times: number[] = [];
    for (const at of timesAfter(compiled, from)) {
      times.push(at);
      if (times.length === compared) break;
    }
    // The server differs from us in which days it skips after the last year that it knows.
    return times.length === compared && (times.at(-1) ?? 0) < Date.UTC(2099, 0, 1) / 1000
      ? { compiled, times }
      : undefined;
  } catch (error) {
    if (error instanceof AppError || (error as Error).name === 'TooManySkipped') return undefined;
    throw error;
  }
}

async function theirs(compiled: CompiledWhen, from: number, to: number): Promise<number[]> {
  const { workflowService: service } = client;
  const scheduleId = `times-${randomUUID()}`;
  const startWorkflow = {
    workflowId: scheduleId,
    workflowType: { name: 'none' },
    taskQueue: { name: 'none' },
  };
  const state = { paused: true, notes: 'only its times matter' };
  const schedule = { spec: specOf(compiled), state, action: { startWorkflow } };
  await service.createSchedule({ namespace, scheduleId, requestId: scheduleId, schedule });
  const { startTime } = await service.listScheduleMatchingTimes({
    namespace,
    scheduleId,
    startTime: msNumberToTs(from * 1000 + 999),
    endTime: msNumberToTs(to * 1000),
  });
  await service.deleteSchedule({ namespace, scheduleId });
  return (startTime ?? []).map(({ seconds }) => Number(seconds));
}

/** Returns an instant in text, for a readable difference. */
const texts = (times: readonly number[]): string[] => times.map((at) => new Date(at * 1000).toISOString());

test('fifty times of any schedule, from any instant, are those that the server finds', async () => {
  let compares = 0;
  const compareOne = async ([spec, start]: [unknown, string]): Promise<void> => {
    const from = Math.floor(Date.parse(start) / 1000);
    const found = ours(spec, from);
    if (!found) return;
    compares += 1;
    const server = await theirs(found.compiled, from, found.times.at(-1) ?? from);
    expect(texts(found.times), JSON.stringify(spec)).toEqual(texts(server));
  };
  const cases = fc.array(fc.tuple(when, instant('2001-01-01', '2060-01-01')), { minLength: 8, maxLength: 8 });
  const property = fc.asyncProperty(cases, async (each) => {
    await Promise.all(each.map(compareOne));
  });
  // Several at once; so it does not shrink, which would take minutes.
  await fc.assert(property, {
    numRuns: Number(process.env['SCHEDULE_TIMES_RUNS'] ?? 12),
    endOnFailure: true,
  });
  expect(compares).toBeGreaterThan(30);
}, 300_000);

const daily = [
  '30 0 * * *',
  '15,45 1 * * *',
  '30 2 * * *',
  '30 23 * * *',
  '*/20 0-3,22-23 * * *',
  '0 9 * * SUN,FRI',
];

test.each(zones)(
  'around the hours in which the clocks of %s are turned, as well',
  async (timezone) => {
    for (const time of daily) {
      for (const start of ['2026-03-01', '2026-08-25', '2026-10-15']) {
        const from = Date.parse(`${start}T00:00:00Z`) / 1000;
        const found = ours({ cron: time, timezone }, from);
        if (!found) throw new Error('It was rejected');
        const server = await theirs(found.compiled, from, found.times.at(-1) ?? from);
        expect(texts(found.times), `${time} from ${start}`).toEqual(texts(server));
      }
    }
  },
  120_000,
);
