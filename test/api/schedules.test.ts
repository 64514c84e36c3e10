/** Schedules over HTTP. What the preview shows is in test/unit/schedules. */
import { beforeAll, describe, expect, test } from 'vitest';
import { createKeyAdministration } from '../../src/auth/key-administration.ts';
import { keysFilePath, usersFilePath } from '../../src/auth/paths.ts';
import type { Preview } from '../../src/contract/schedule.ts';
import { type Caller, createCaller } from '../support/caller.ts';
import { anonymously, useService } from '../support/service.ts';

const service = useService({ workers: 0 });
let alice: Caller;

beforeAll(async () => {
  alice = await service.as('alice');
});

const preview = (body: unknown) => alice.call<Preview>('POST', '/api/schedules/preview/', body);

describe('POST /api/schedules/preview/', () => {
  test('returns the next times, in order and after now', async () => {
    const { status, body } = await preview({ when: { cron: '0 9 * * MON-FRI', timezone: 'Europe/Oslo' } });
    expect(status).toBe(200);
    expect(body).toMatchObject({ words: 'Every weekday at 09:00, Oslo time', timezone: 'Europe/Oslo' });
    expect(body.next).toHaveLength(10);
    const times = body.next.map(({ at }) => Date.parse(at));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(Date.now());
    for (const { local } of body.next) expect(local).toMatch(/T09:00:00\+0[12]:00$/);
  });

  test('shows as many as are asked for, from a given time on', async () => {
    const { body } = await preview({
      when: { every: [{ seconds: 60, anchor: '2030-01-01T00:00:30Z' }] },
      count: 2,
      from: '2031-06-01T12:00:00Z',
    });
    expect(body.next.map(({ at }) => at)).toEqual(['2031-06-01T12:00:30.000Z', '2031-06-01T12:01:30.000Z']);
    expect(body.min_gap).toBe(60);
  });

  test.each<[unknown, string, RegExp]>([
    [{}, '/when', /required/],
    [{ when: {} }, '/when', /at least one time/],
    [{ when: { cron: '0 25 * * *' } }, '/when/cron/0', /"25" is not an hour/],
    [{ when: { cron: Array(11).fill('@daily') } }, '/when/cron', /At most 10/],
    [{ when: { cron: '@daily', timezone: 'Local' } }, '/when/timezone', /is no time zone/],
    [{ when: { cron: '@daily', time_zone: 'UTC' } }, '/when/time_zone', /Unknown field/],
    [{ when: { cron: 5 } }, '/when/cron', /./],
    [{ when: { every: [{ seconds: 0 }] } }, '/when/every/0/seconds', /./],
    [{ when: { cron: '@daily', skip: ['2026-02-30'] } }, '/when/skip/0', /./],
    [{ when: { cron: '@daily' }, count: 101 }, '/count', /./],
    [{ when: { cron: '@daily' }, from: 'tomorrow' }, '/from', /wrong format/],
    [{ when: { cron: '0 0 30 2 *' } }, '/when', /never comes/],
  ])('%j is 400 at %s', async (body, pointer, message) => {
    const response = await alice.call('POST', '/api/schedules/preview/', body);
    expect(response).toMatchObject({
      status: 400,
      body: {
        code: 'validation',
        errors: [{ pointer, message: expect.stringMatching(message) as string }],
      },
    });
  });

  test('creates nothing, so a key that may only read is enough; without an account it is 401', async () => {
    const body = { when: { cron: '@daily' } };
    const administration = createKeyAdministration({
      keysFile: keysFilePath(service.home),
      usersFile: usersFilePath(service.home),
    });
    const { key } = await administration.create({
      user: service.users.alice.name,
      label: 'of the test',
      scopes: ['read'],
      expiresAt: null,
    });
    const reader = createCaller(service.url, key);
    expect((await reader.call('POST', '/api/schedules/preview/', body)).status).toBe(200);
    expect((await anonymously(service, 'POST', '/api/schedules/preview/', body)).status).toBe(401);
  });
});
