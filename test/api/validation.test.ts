/** Invalid bodies. Each is rejected with 400 (or 413, 415) and a pointer to the fault; none causes a 500. */
import { Agent, request } from 'node:http';
import { json } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import type { Caller } from '../support/caller.ts';
import { useService } from '../support/service.ts';

const service = useService();
let alice: Caller;

beforeAll(async () => {
  alice = await service.as('alice');
});

const inYears = (years: number): string => {
  const date = new Date();
  date.setUTCFullYear(date.getUTCFullYear() + years);
  return date.toISOString();
};
const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();

/** Fields that make a body with a name and a delay invalid, and the pointers that `errors[]` then has. */
const bad: [what: string, fields: Record<string, unknown>, ...pointers: string[]][] = [
  ['no time at all', { delay: undefined }, '/scheduled_time'],
  ['both scheduled_time and delay', { scheduled_time: inSeconds(60) }, '/delay'],
  [
    'a time without an offset',
    { delay: undefined, scheduled_time: '2027-01-31T09:30:00' },
    '/scheduled_time',
  ],
  [
    'a date that does not exist',
    { delay: undefined, scheduled_time: '2027-02-30T09:30:00Z' },
    '/scheduled_time',
  ],
  ['an hour of 24', { delay: undefined, scheduled_time: '2027-01-31T24:00:00Z' }, '/scheduled_time'],
  ['a time in words', { delay: undefined, scheduled_time: 'tomorrow' }, '/scheduled_time'],
  ['a time in seconds', { delay: undefined, scheduled_time: 1_900_000_000 }, '/scheduled_time'],
  ['a null time', { delay: undefined, scheduled_time: null }, '/scheduled_time'],
  ['a past time', { delay: undefined, scheduled_time: inSeconds(-5) }, '/scheduled_time'],
  [
    'a time before the year 0',
    { delay: undefined, scheduled_time: '0000-01-01T00:00:00+23:59' },
    '/scheduled_time',
  ],
  ['a time beyond the horizon', { delay: undefined, scheduled_time: inYears(10.01 + 1) }, '/scheduled_time'],
  [
    'a time after the year 9999',
    { delay: undefined, scheduled_time: '9999-12-31T23:59:59-23:59' },
    '/scheduled_time',
  ],
  ['a negative delay', { delay: -1 }, '/delay'],
  ['a delay that is a string', { delay: '60' }, '/delay'],
  ['a delay beyond the horizon', { delay: 10 * 366 * 86_400 }, '/delay'],
  ['an enormous delay', { delay: 1e300 }, '/delay'],
  ['no name', { name: undefined }, '/name'],
  ['an empty name', { name: '' }, '/name'],
  ['a blank name', { name: ' \t\n\u00A0\u3000' }, '/name'],
  ['a name of 201 characters', { name: 'n'.repeat(201) }, '/name'],
  ['a name of 201 emoji', { name: '🦊'.repeat(201) }, '/name'],
  ['a name that is a number', { name: 5 }, '/name'],
  ['a name that is null', { name: null }, '/name'],
  ['a null character in the name', { name: 'a\u0000b' }, '/name'],
  ['a lone surrogate in the name', { name: 'a\uD83Eb' }, '/name'],
  ['a null character in the description', { description: '\u0000' }, '/description'],
  ['a lone surrogate in the description', { description: '\uDD8A' }, '/description'],
  ['a description of 10,001 characters', { description: 'd'.repeat(10_001) }, '/description'],
  ['a description that is null', { description: null }, '/description'],
  ['a null character deep in the payload', { payload: { rows: [{ a: 'x\u0000' }] } }, '/payload/rows/0/a'],
  [
    'a null character in a key of the payload',
    { payload: { rows: [{ 'a\u0000': 1 }] } },
    '/payload/rows/0/a\u0000',
  ],
  ['a lone surrogate in the payload', { payload: { csv: '\uD800' } }, '/payload/csv'],
  ['an unknown field', { foo: 1 }, '/foo'],
  ['several unknown fields', { foo: 1, 'a/b~c': 2 }, '/foo', '/a~1b~0c'],
  ['an unknown field of the retry policy', { retry: { retries: 1 } }, '/retry/retries'],
  ['an unknown type', { type: 'no-such-type' }, '/type'],
  ['a type named like a property of objects', { type: 'constructor' }, '/type'],
  ['a type that is null', { type: null }, '/type'],
  ['a payload with a field that its type does not have', { payload: { foo: 1 } }, '/payload/foo'],
  ['a payload of the wrong shape', { payload: { rows: 5 } }, '/payload/rows'],
  ['a payload that is not an object', { payload: 5 }, '/payload'],
  ['a payload that is null', { payload: null }, '/payload'],
  ['a payload without its required field', { type: 'http-request', payload: {} }, '/payload/url'],
  ['a payload with an invalid URL', { type: 'http-request', payload: { url: 'ftp://x/' } }, '/payload/url'],
  ['a payload over 256 KiB', { type: 'echo', payload: { a: 'x'.repeat(256 * 1024) } }, '/payload'],
  [
    'a payload over 256 KiB in bytes, not in characters',
    { type: 'echo', payload: { a: '€'.repeat(90_000) } },
    '/payload',
  ],
  ['a tag with a space', { tags: ['ok', 'not ok'] }, '/tags/1'],
  ['an empty tag', { tags: [''] }, '/tags/0'],
  ['a tag of 65 characters', { tags: ['t'.repeat(65)] }, '/tags/0'],
  ['a tag with a quote', { tags: ["' OR '1'='1"] }, '/tags/0'],
  ['a tag with a line break', { tags: ['tag\n'] }, '/tags/0'],
  ['a tag in another alphabet', { tags: ['ярлык'] }, '/tags/0'],
  ['a duplicate tag', { tags: ['a', 'b', 'a'] }, '/tags'],
  ['11 tags', { tags: Array.from({ length: 11 }, (_, index) => `tag-${index}`) }, '/tags'],
  ['tags that are not a list', { tags: 'a' }, '/tags'],
  ...[0, 6, 2.5, '1', null].map((priority): (typeof bad)[number] => [
    `priority ${JSON.stringify(priority)}`,
    { priority },
    '/priority',
  ]),
  ...[-1, 0.5, 101, 1e300, '3', null].map((value): (typeof bad)[number] => [
    `max_retries ${JSON.stringify(value)}`,
    { retry: { max_retries: value } },
    '/retry/max_retries',
  ]),
  ...[-1, 0, 1e12].map((value): (typeof bad)[number] => [
    `initial_interval ${value}`,
    { retry: { initial_interval: value } },
    '/retry/initial_interval',
  ]),
  ...[-1, 0, 1e12].map((value): (typeof bad)[number] => [
    `maximum_interval ${value}`,
    { retry: { maximum_interval: value } },
    '/retry/maximum_interval',
  ]),
  ...[-2, 0.9, 101].map((value): (typeof bad)[number] => [
    `backoff_coefficient ${value}`,
    { retry: { backoff_coefficient: value } },
    '/retry/backoff_coefficient',
  ]),
  ...['soft_time_limit', 'time_limit'].flatMap((field) =>
    [-1, 0, 1.5, 1e12, '60', null].map((value): (typeof bad)[number] => [
      `${field} ${JSON.stringify(value)}`,
      { [field]: value },
      `/${field}`,
    ]),
  ),
  ['a soft limit over the hard limit', { soft_time_limit: 11, time_limit: 10 }, '/soft_time_limit'],
  ['a soft limit over the default hard limit', { soft_time_limit: 1801 }, '/soft_time_limit'],
  ['a hard limit under the default soft limit', { time_limit: 60 }, '/time_limit'],
  [
    'several invalid fields',
    { name: '', delay: -1, priority: 9, foo: 1 },
    '/name',
    '/delay',
    '/priority',
    '/foo',
  ],
  ['an invalid field and no time', { name: '', delay: undefined }, '/name', '/scheduled_time'],
];

test.each(bad)('rejects %s with 400 and a pointer to each fault', async (_what, fields, ...pointers) => {
  const answer = await alice.call<{ errors: { pointer: string; message: string }[] }>('POST', '/api/tasks/', {
    name: 'n',
    delay: 3600,
    ...fields,
  });
  expect(answer).toMatchObject({
    status: 400,
    body: { code: 'validation', detail: 'The request is invalid.' },
  });
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  const named = new Set(answer.body.errors.map(({ pointer }) => pointer));
  expect(named).toEqual(new Set(pointers));
  for (const { message } of answer.body.errors) expect(message.length).toBeGreaterThan(5);
});

test.each([
  [{ soft_time_limit: 1801 }, 'The soft time limit of 1801 s must not exceed the time limit of 1800 s.'],
  [
    { time_limit: 60 },
    'The time limit of 60 s must not be below the soft time limit of 1500 s. Lower soft_time_limit too.',
  ],
])('names both time limits if %j is wrong', async (limit, message) => {
  const answer = await alice.call('POST', '/api/tasks/', { name: 'n', delay: 3600, ...limit });
  expect(answer.body).toMatchObject({ errors: [{ message }] });
});

const good: [what: string, fields: Record<string, unknown>][] = [
  ['200 emoji in the name', { name: '🦊'.repeat(200) }],
  ['right-to-left text', { name: 'שלום \u202Eabc\u202C مرحبا', description: 'مهمة مجدولة' }],
  [
    'combining characters, not normalised',
    { name: 'e\u0301 é n\u0303 가 \u1112\u1161\u11ab', description: 'Z͑ͫ̓' },
  ],
  ['joined emoji and flags', { name: '👩‍👩‍👧‍👦 🇺🇳 👍🏽', description: '\u200b\u200d\ufeff' }],
  [
    'quotes, backslashes and line breaks',
    { name: `a'b"c\\d\`e\n\tf' OR '1'='1`, description: '\r\n"\\u0000"' },
  ],
  ['surrounding spaces', { name: ' n ', description: ' d ' }],
  ['10,000 emoji in the description', { description: '🦊'.repeat(10_000) }],
  [
    'words with a meaning in code',
    { name: '__proto__', description: 'constructor', tags: ['null', 'true', '0'] },
  ],
  ['10 tags of 64 characters', { tags: Array.from({ length: 10 }, (_, index) => `${index}`.repeat(64)) }],
  ['a payload of exactly 256 KiB', { type: 'echo', payload: { a: 'x'.repeat(256 * 1024 - 8) } }],
  [
    'odd keys and numbers in a payload',
    { type: 'echo', payload: { '': 1e-7, constructor: 1, 'a.b/c~d': [null, -1.5, {}], '🦊': '🦊' } },
  ],
  [
    'the bounds of limits and retries',
    {
      retry: {
        max_retries: 100,
        initial_interval: 0.1,
        backoff_coefficient: 1,
        maximum_interval: 31_536_000,
      },
      soft_time_limit: 604_800,
      time_limit: 604_800,
    },
  ],
];

test.each(good)('keeps %s exactly', async (_what, fields) => {
  const created = await alice.create({ name: 'n', delay: 3600, ...fields });
  expect(created).toMatchObject(fields);
  expect(await alice.read(created.id)).toMatchObject(fields);
});

test('the list shows text exactly too', async () => {
  const name = 'e\u0301 שלום 👩‍👩‍👧‍👦 \'"\\';
  const { id } = await alice.create({ name, delay: 3600 });
  await expect
    .poll(
      async () =>
        (await alice.call<Task[]>('GET', '/api/tasks/?limit=100')).body.find((task) => task.id === id)?.name,
    )
    .toBe(name);
});

test.each([
  ['a positive offset', '+05:30', 5.5],
  ['a negative offset', '-11:00', -11],
])('a time with %s is kept as the same instant in UTC', async (_what, offset, hours) => {
  const at = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000);
  const local = new Date(at.getTime() + hours * 3_600_000).toISOString().slice(0, 19);
  const { scheduled_time } = await alice.create({ name: 'n', scheduled_time: `${local}${offset}` });
  expect(scheduled_time).toBe(at.toISOString());
});

test('a scheduled_time of a second ago is not rejected as past, since clocks differ', async () => {
  const created = await alice.create({ name: 'n', scheduled_time: inSeconds(-1) });
  expect(['SCHEDULED', 'PENDING']).toContain(created.status);
});

const authorized = () => ({ Authorization: `Bearer ${alice.token}`, 'Content-Type': 'application/json' });

type Bytes = string | Uint8Array<ArrayBuffer>;

/** Sends a body unchanged. */
async function send(body: Bytes, contentType: string | null = 'application/json') {
  const headers = {
    Authorization: `Bearer ${alice.token}`,
    ...(contentType === null ? {} : { 'Content-Type': contentType }),
  };
  const response = await fetch(`${service.url}/api/tasks/`, { method: 'POST', headers, body });
  const answer = (await response.json()) as Record<string, unknown>;
  return { status: response.status, type: response.headers.get('Content-Type'), body: answer };
}

describe('a request that needs no body', () => {
  /** Sends a command with this body. */
  async function pause(body: string | undefined, contentType?: string) {
    const { id } = await alice.create({ name: 'n', delay: 3600 });
    const headers = {
      Authorization: `Bearer ${alice.token}`,
      ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
    };
    const request = { method: 'POST', headers, ...(body === undefined ? {} : { body }) };
    const response = await fetch(`${service.url}/api/tasks/${id}/pause/`, request);
    return { status: response.status, body: await response.json(), task: await alice.read(id) };
  }

  test.each([
    ['without one', undefined, undefined],
    ['with an empty one', '', undefined],
    ['with an empty one in JSON', '', 'application/json'],
    ['without one, in JSON', undefined, 'application/json'],
    // As `curl --data ''` sends it.
    ['with an empty form', '', 'application/x-www-form-urlencoded'],
    ['with an empty object', '{}', 'application/json'],
  ])('is accepted %s', async (_what, body, contentType) => {
    expect(await pause(body, contentType)).toMatchObject({
      status: 200,
      task: { waiting: { reason: 'paused' } },
    });
  });

  test('is rejected with a field, and has no effect', async () => {
    expect(await pause('{"reason":"x"}', 'application/json')).toMatchObject({
      status: 400,
      body: { code: 'validation', errors: [{ pointer: '/reason' }] },
      task: { waiting: { reason: 'time' } },
    });
  });

  test.each(['/api/tasks/ID/cancel/', '/api/tasks/ID/resume/', '/api/tasks/ID/run-now/', '/api/ws-ticket/'])(
    'is rejected with a field at %s',
    async (path) => {
      const { id } = await alice.create({ name: 'n', delay: 3600 });
      const answer = await alice.call('POST', path.replace('ID', id), { reason: 'x' });
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/reason' }] } });
    },
  );

  test('and may have one is accepted with an empty one', async () => {
    const { id } = await alice.create({ name: 'n', delay: 3600 });
    await alice.call('POST', `/api/tasks/${id}/cancel/`);
    for (const type of ['application/json', 'application/x-www-form-urlencoded']) {
      const headers = { ...authorized(), 'Content-Type': type, 'Idempotency-Key': 'once' };
      const response = await fetch(`${service.url}/api/tasks/${id}/retry/`, {
        method: 'POST',
        headers,
        body: '',
      });
      expect(response.status, type).toBe(200);
    }
  });
});

const bytes = (...parts: (string | number[])[]): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.concat(parts.map((part) => Buffer.from(part as string))));

describe('a body', () => {
  test.each<[string, Bytes]>([
    ['that is empty', ''],
    ['that is cut off', '{"name": "n", "delay": 36'],
    ['with a trailing comma', '{"name": "n", "delay": 3600,}'],
    ['with single quotes', "{'name': 'n'}"],
    ['with NaN', '{"name": "n", "delay": NaN}'],
    ['of two documents', '{"name":"n","delay":1}{"name":"n","delay":1}'],
    ['in invalid UTF-8', bytes('{"name":"', [0xc3, 0x28], '","delay":3600}')],
    ['with a surrogate in UTF-8', bytes('{"name":"', [0xed, 0xa0, 0x80], '","delay":3600}')],
    ['in Latin-1', new Uint8Array(Buffer.from('{"name":"café","delay":3600}', 'latin1'))],
    ['in UTF-16', new Uint8Array(Buffer.from('{"name":"n","delay":3600}', 'utf16le'))],
    ['that is a list', '[{"name":"n","delay":3600}]'],
    ['that is a string', '"name"'],
    ['that is a number', '5'],
    ['that is null', 'null'],
    ['with a key __proto__', '{"name":"n","delay":3600,"__proto__":{"role":"admin"}}'],
    ['with an escaped key __proto__', '{"name":"n","delay":3600,"payload":{"\\u005f_proto__":{"x":1}}}'],
    ['with a key __proto__ whose value is null', '{"name":"n","delay":3600,"payload":{"__proto__":null}}'],
    [
      'with constructor.prototype',
      '{"name":"n","delay":3600,"payload":{"constructor":{"prototype":{"x":1}}}}',
    ],
    ['nested 100,000 levels deep', `{"name":"n","payload":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['of 100,000 open brackets', '['.repeat(100_000)],
  ])('%s is 400', async (_what, body) => {
    const answer = await send(body);
    expect(answer).toMatchObject({ status: 400, type: 'application/problem+json' });
    expect(answer.body).toMatchObject({
      status: 400,
      detail: expect.any(String),
      request_id: expect.any(String),
    });
  });

  test('with a number that is out of range is 400, rather than kept as null', async () => {
    const answer = await send('{"name":"n","delay":3600,"type":"echo","payload":{"a":[1e999]}}');
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/payload/a/0' }] } });
    const delay = await send('{"name":"n","delay":1e999}');
    expect(delay).toMatchObject({ status: 400, body: { errors: [{ pointer: '/delay' }] } });
  });

  test.each([
    ['an integer beyond 2^53', '1610521604143693813'],
    ['a negative one', '-9007199254740993'],
    ['one in a list', '[1,18446744073709551616]', '/1'],
    ['a decimal of more digits than a double has', '0.1234567890123456789'],
    ['a number too small', '1e-400'],
  ])('with %s is 400 and says to send it as a string', async (_what, number, inside = '') => {
    const answer = await send(
      `{"name":"n","delay":3600,"type":"http-request","payload":{"url":"http://x","method":"POST","body":{"id":${number}}}}`,
    );
    const message = expect.stringMatching(/Send it as a string\.$/);
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'validation', errors: [{ pointer: `/payload/body/id${inside}`, message }] },
    });
  });

  test('keeps every number that JavaScript writes, and the same in another notation', async () => {
    const numbers =
      '[1.0,1e2,-0.5E-7,0.30000000000000004,0.10000000000000001,9007199254740992,1.7976931348623157e308]';
    const answer = await send(`{"name":"n","delay":3600,"type":"echo","payload":{"numbers":${numbers}}}`);
    expect(answer).toMatchObject({ status: 201, body: { payload: { numbers: JSON.parse(numbers) } } });
  });

  test('can be nested 100 levels deep, and no deeper', async () => {
    const nested = (levels: number): string => {
      const inner = levels - 1;
      return `{"name":"n","delay":3600,"type":"echo","payload":{"a":${'['.repeat(inner - 1)}${']'.repeat(inner - 1)}}}`;
    };
    expect((await send(nested(100))).status).toBe(201);
    const answer = await send(nested(101));
    expect(answer).toMatchObject({
      status: 400,
      body: { errors: [{ message: 'Nested more than 100 levels deep.' }] },
    });
  });

  test('with keys such as constructor and toString pollutes no prototype, and keeps them', async () => {
    const answer = await send(
      '{"name":"n","delay":3600,"type":"echo","payload":{"constructor":{"x":1},"toString":1,"hasOwnProperty":2}}',
    );
    expect(answer).toMatchObject({ status: 201, body: { payload: { constructor: { x: 1 }, toString: 1 } } });
    expect((await alice.read(String(answer.body['id']))).payload).toEqual({
      constructor: { x: 1 },
      toString: 1,
      hasOwnProperty: 2,
    });
  });

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/json-patch+json',
    'json',
    '',
  ])('of content type %j is 415', async (type) => {
    const answer = await send('{"name":"n","delay":3600}', type);
    expect(answer).toMatchObject({
      status: 415,
      type: 'application/problem+json',
      body: { code: 'unsupported_media_type' },
    });
  });

  test.each(['gzip', 'br', 'identity, gzip'])(
    'with Content-Encoding %s is 415, and the response says what is accepted',
    async (encoding) => {
      const response = await fetch(`${service.url}/api/tasks/`, {
        method: 'POST',
        headers: { ...authorized(), 'Content-Encoding': encoding },
        body: gzipSync('{"name":"n","delay":3600}'),
      });
      expect(response.status).toBe(415);
      expect(response.headers.get('Accept-Encoding')).toBe('identity');
      expect(await response.json()).toMatchObject({
        code: 'unsupported_media_type',
        detail: 'Send the request body without Content-Encoding.',
      });
    },
  );

  test('with Content-Encoding identity is accepted', async () => {
    const headers = { 'Content-Encoding': 'identity' };
    expect((await alice.call('POST', '/api/tasks/', { name: 'n', delay: 3600 }, headers)).status).toBe(201);
  });

  test('without any content type is 415', async () => {
    expect((await send(bytes('{"name":"n","delay":3600}'), null)).status).toBe(415);
  });

  test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset="UTF-8"'])(
    'of content type %j is accepted',
    async (type) => {
      expect((await send('{"name":"n","delay":3600}', type)).status).toBe(201);
    },
  );

  test('can start with a byte order mark', async () => {
    expect((await send(bytes([0xef, 0xbb, 0xbf], '{"name":"n","delay":3600}'))).status).toBe(201);
  });
});

describe('a body of more than 1 MiB is 413', () => {
  const large = `{"name":"n","delay":3600,"payload":{"csv":"${'x'.repeat(1024 * 1024)}"}}`;

  test('by its Content-Length', async () => {
    const answer = await send(large);
    expect(answer).toMatchObject({
      status: 413,
      type: 'application/problem+json',
      body: { code: 'payload_too_large' },
    });
  });

  /** Sends a body in chunks, without its length. */
  function sendChunks(chunks: string[]): Promise<{ status: number | undefined; body: unknown }> {
    return new Promise((resolve, reject) => {
      const headers = { ...authorized(), 'Transfer-Encoding': 'chunked' };
      const sent = request(`${service.url}/api/tasks/`, { method: 'POST', headers }, (response) => {
        json(response).then((body) => resolve({ status: response.statusCode, body }), reject);
      });
      sent.on('error', reject);
      for (const chunk of chunks) sent.write(chunk);
      sent.end();
    });
  }

  test('in chunks without a Content-Length, too', async () => {
    const chunks = Array.from({ length: 65 }, (_, index) =>
      large.slice(index * 16_384, (index + 1) * 16_384),
    );
    expect(await sendChunks(chunks)).toMatchObject({ status: 413, body: { code: 'payload_too_large' } });
  });

  test('and a smaller one in chunks is accepted', async () => {
    const answer = await sendChunks(['{"name":"n', '", "delay', '": 3600}']);
    expect(answer).toMatchObject({ status: 201, body: { name: 'n' } });
  });

  test('on every route that takes a body, and its connection can be used for the next request', async () => {
    // One connection for all: each request would fail if the one before had left it in a bad state.
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<unknown>();
    const ask = (method: string, path: string, body: string, headers: Record<string, string>) =>
      new Promise<number | undefined>((resolve, reject) => {
        const url = `${service.url}${path}`;
        const sent = request(url, { method, headers: { ...authorized(), ...headers }, agent }, (response) => {
          response.resume().once('end', () => resolve(response.statusCode));
        });
        sent.on('socket', (socket) => sockets.add(socket)).on('error', reject);
        if (headers['Transfer-Encoding'] === undefined) sent.end(body);
        else sent.write(body.slice(0, 100_000), () => sent.end(body.slice(100_000)));
      });
    for (const [method, path] of [
      ['POST', '/api/tasks/'],
      ['POST', '/api/token/'],
      ['POST', '/api/token/refresh'],
      ['PATCH', '/api/tasks/x'],
      ['PUT', '/api/tasks/x/'],
      ['POST', '/api/tasks/x/cancel'],
    ] as const) {
      const length = { 'Content-Length': String(Buffer.byteLength(large)) };
      expect(await ask(method, path, large, length), `${method} ${path}`).toBe(413);
      expect(await ask(method, path, large, { 'Transfer-Encoding': 'chunked' }), `${method} ${path}`).toBe(
        413,
      );
    }
    expect(await ask('POST', '/api/tasks/', '{"name":"n","delay":3600}', { 'Content-Length': '25' })).toBe(
      201,
    );
    expect(sockets.size).toBe(1);
    agent.destroy();
  });

  test('and is cut off if it never ends', async () => {
    const sent = request(`${service.url}/api/tasks/`, {
      method: 'POST',
      headers: { ...authorized(), 'Transfer-Encoding': 'chunked' },
    });
    const status = new Promise<number | undefined>((resolve, reject) => {
      sent.on('response', (response) => resolve(response.statusCode)).on('error', reject);
    });
    const closed = new Promise((resolve) => sent.once('close', resolve));
    const chunk = 'x'.repeat(64 * 1024);
    const pump = (): void => {
      while (!sent.destroyed && sent.write(chunk));
      if (!sent.destroyed) sent.once('drain', pump);
    };
    pump();
    expect(await status).toBe(413);
    sent.on('error', () => undefined);
    await closed;
  });
});
