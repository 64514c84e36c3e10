import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  linkSync,
  symlinkSync,
} from 'node:fs';
import { open, rename, symlink, unlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProcessData } from '../../../activities/types/process-data/index.ts';
import type { TaskContext } from '../../../activities/types/define.ts';
import { createContext, failureOf } from './support.ts';

const vega = join(import.meta.dirname, '../../../node_modules/vega-datasets/data');
const outside = mkdtempSync(join(tmpdir(), 'taskbell-outside-'));
const dataDir = mkdtempSync(join(tmpdir(), 'taskbell-data-'));
const type = createProcessData({ dataDir });

function run(file: string, overrides: Partial<TaskContext> = {}) {
  return type.run(createContext(overrides), { file });
}

beforeAll(async () => {
  for (const folder of ['alice/sub', 'bob', 'shared/sub'])
    mkdirSync(join(dataDir, folder), { recursive: true });
  await writeFile(join(outside, 'secret.csv'), 'secret\n1\n');
  await writeFile(join(dataDir, 'bob/bob.csv'), 'bob\n1\n');
  await writeFile(join(dataDir, 'root.csv'), 'root\n1\n');
  await writeFile(join(dataDir, 'alice/own.csv'), 'own\n1\n');
  await writeFile(join(dataDir, 'alice/both.csv'), 'own\n1\n');
  await writeFile(join(dataDir, 'shared/both.csv'), 'shared\n1\n');
  await writeFile(join(dataDir, 'alice/sub/deep.csv'), 'deep\n1\n');
  const links = {
    'out.csv': join(outside, 'secret.csv'),
    'bob.csv': '../bob/bob.csv',
    dir: outside,
    loop: 'loop',
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(dataDir, 'alice', name));
  symlinkSync('../shared/both.csv', join(dataDir, 'alice/link.csv'));
  for (const name of readdirSync(vega)) {
    if (/\.(?:csv|tsv|json)$/.test(name)) copyFileSync(join(vega, name), join(dataDir, 'shared', name));
  }
});

afterAll(() => {
  for (const folder of [dataDir, outside]) rmSync(folder, { recursive: true });
});

describe('process-data: allowed files', () => {
  it.each([
    ['own.csv', 'own'],
    ['./sub//deep.csv', 'deep'],
    ['both.csv', 'own'],
    ['shared/both.csv', 'shared'],
    ['link.csv', 'shared'],
  ])('reads %s', async (file, column) => {
    expect(await run(file)).toMatchObject({ rows: 1, columns: { [column]: { count: 1 } } });
  });

  it.each([
    '../bob/bob.csv',
    'sub/../../bob/bob.csv',
    'shared/../root.csv',
    '/etc/passwd',
    'a\0.csv',
    'C:\\x.csv',
  ])('does not allow %j', async (file) => {
    expect(await failureOf(run(file))).toMatchObject({ type: 'FileNotAllowed', retryable: false });
  });

  it.each(['out.csv', 'bob.csv', 'dir/secret.csv', 'loop', 'sub', 'shared', '.', '/'])(
    'does not allow %s, which leads out of the folder or is not a file',
    async (file) => {
      expect(await failureOf(run(file))).toMatchObject({ type: 'FileNotAllowed', retryable: false });
    },
  );

  it.each(['none.csv', 'shared/none.csv', 'own.csv/x', 'bob/bob.csv', 'root.csv', `${'x'.repeat(300)}.csv`])(
    'does not find %s',
    async (file) => {
      expect(await failureOf(run(file))).toMatchObject({ type: 'FileNotFound', retryable: false });
    },
  );

  it.each(['..', '.', '', '../bob', 'alice/sub', 'a\0'])(
    'gives an owner with the name %j no folder',
    async (name) => {
      const owner = { id: 'x', name };
      for (const file of ['root.csv', 'bob.csv', 'deep.csv', 'alice/own.csv', 'bob/bob.csv']) {
        expect(await failureOf(run(file, { owner }))).toMatchObject({ type: 'FileNotFound' });
      }
      expect(await run('both.csv', { owner })).toMatchObject({ columns: { shared: { count: 1 } } });
    },
  );

  it('rejects a file with another name elsewhere, and says what to do', async () => {
    linkSync(join(dataDir, 'bob/bob.csv'), join(dataDir, 'alice/hard.csv'));
    const failure = await failureOf(run('hard.csv'));
    expect(failure).toMatchObject({ type: 'FileNotAllowed', retryable: false });
    expect(failure.message).toBe(
      'The file "hard.csv" is not allowed: it has another name (a hard link); copy it instead',
    );
    rmSync(join(dataDir, 'alice/hard.csv'));
  });

  it('rejects a FIFO without waiting for its writer', async () => {
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(dataDir, 'alice/fifo.csv')]);
    const failure = await failureOf(run('fifo.csv'));
    expect(failure).toMatchObject({ type: 'FileNotAllowed', retryable: false });
    expect(failure.message).toContain('not a regular file');
  });

  it('rejects a socket', async () => {
    const server = createServer().listen(join(dataDir, 'alice/socket.csv'));
    await once(server, 'listening');
    expect(await failureOf(run('socket.csv'))).toMatchObject({ type: 'FileNotAllowed', retryable: false });
    server.close();
  });

  it('never reads the target of a link that is put into the path at the same time', async () => {
    const [folder, link] = [join(dataDir, 'alice/race'), join(dataDir, 'alice/race-link')];
    mkdirSync(folder);
    await writeFile(join(folder, 'secret.csv'), 'harmless\n1\n');
    const race = new AbortController();
    const swapping = (async () => {
      while (!race.signal.aborted) {
        await symlink(outside, link);
        await rename(folder, `${folder}-away`);
        await rename(link, folder);
        await unlink(folder);
        await rename(`${folder}-away`, folder);
      }
    })();
    try {
      for (let i = 0; i < 400; i++) {
        const result = await run('race/secret.csv').catch((error: unknown) => error);
        expect(JSON.stringify(result)).not.toContain('"secret"');
      }
    } finally {
      race.abort();
      await swapping;
    }
    expect(await run('race/secret.csv')).toMatchObject({ columns: { harmless: { count: 1 } } });
  });
});

describe('process-data: real data', () => {
  // The figures were computed with Python's csv, json and statistics modules.
  it('summarises weather.csv', async () => {
    const context = createContext();
    const result = await type.run(context, { file: 'shared/weather.csv' });
    expect(result).toMatchObject({
      rows: 2922,
      columns: {
        location: {
          type: 'string',
          top: [
            { value: 'New York', count: 1461 },
            { value: 'Seattle', count: 1461 },
          ],
        },
        date: { type: 'date', distinct: 1461, min: '2012-01-01', max: '2015-12-31', mean: null, p50: null },
        precipitation: { distinct: 144, min: 0, max: 118.9, mean: expect.closeTo(2.94476386036961, 10) },
        temp_max: {
          min: -7.7,
          max: 37.8,
          p50: 16.1,
          p95: 30.6,
          mean: expect.closeTo(16.769130732375086, 10),
        },
        wind: { top: expect.arrayContaining([{ value: 2.6, count: 102 }]) },
      },
    });
    expect(JSON.stringify(result)).not.toContain('approximate');
    expect(context.percents.at(-1)).toBe(100);
  });

  it('summarises flights-airport.csv', async () => {
    expect(await run('flights-airport.csv')).toMatchObject({
      rows: 5366,
      columns: {
        origin: { distinct: 303, min: 'ABE', max: 'YUM' },
        destination: { distinct: 304 },
        count: {
          distinct: 2341,
          min: 1,
          max: 13788,
          mean: expect.closeTo(1306.3227730152814, 9),
          p50: 777,
          p95: 4363.25,
        },
      },
    });
  });

  it('summarises airports.csv and birdstrikes.csv', async () => {
    expect(await run('airports.csv')).toMatchObject({
      rows: 3376,
      columns: {
        iata: { type: 'string', distinct: 3376, min: '00M', max: 'ZZV' },
        state: { distinct: 57, top: expect.arrayContaining([{ value: 'AK', count: 263 }]) },
        latitude: {
          distinct: 3375,
          min: 7.367222,
          max: 71.2854475,
          mean: expect.closeTo(40.03652362552429, 10),
        },
      },
    });
    expect(await run('birdstrikes.csv')).toMatchObject({
      rows: 10000,
      columns: {
        'Speed IAS in knots': {
          type: 'number',
          count: 7164,
          missing: 2836,
          distinct: 122,
          p50: 140,
          p95: 250,
        },
      },
    });
  });

  it('summarises zipcodes.csv, whose columns have too many values to hold, with good estimates', async () => {
    const result = await run('zipcodes.csv');
    expect(result).toMatchObject({
      rows: 42049,
      columns: {
        zip_code: { type: 'string', min: '00501', max: '99950', approximate: ['distinct', 'top'] },
        longitude: { min: -176.787412, max: 166.410291, mean: expect.closeTo(-90.80786936214892, 9) },
        state: { distinct: 59, top: expect.arrayContaining([{ value: 'TX', count: 2670 }]) },
        county: { distinct: 1929 },
      },
    });
    const { columns } = result as { columns: Record<string, { distinct: number; p50: number; p95: number }> };
    expect((columns['zip_code']?.distinct ?? 0) / 42049).toBeCloseTo(1, 1);
    expect((columns['city']?.distinct ?? 0) / 18931).toBeCloseTo(1, 1);
    expect((columns['latitude']?.distinct ?? 0) / 33410).toBeCloseTo(1, 1);
    expect(Math.abs((columns['latitude']?.p95 ?? 0) / 46.268121 - 1)).toBeLessThan(0.01);
    expect(Math.abs((columns['longitude']?.p50 ?? 0) / -87.853069 - 1)).toBeLessThan(0.01);
  });

  it('summarises flights-200k.json and unemployment.tsv', async () => {
    expect(await run('flights-200k.json')).toMatchObject({
      rows: 200000,
      columns: {
        delay: { distinct: 471, mean: expect.closeTo(7.500795, 9) },
        distance: { distinct: 1079, mean: expect.closeTo(729.235625, 9) },
        time: { distinct: 1311, mean: expect.closeTo(13.775850833333333, 9) },
      },
    });
    expect(await run('unemployment.tsv')).toMatchObject({
      rows: 3218,
      columns: { id: {}, rate: { type: 'number' } },
    });
  });

  it.each([
    ['that is not an array', '{"a": [1]}', 'is not an array of objects'],
    ['that is an array of numbers', '[1]', 'Row 1 of the JSON is malformed: it is not an object'],
    ['with a malformed row', '[{"a":1},{"a":}]', 'Row 2 of the JSON is malformed'],
    [
      'without a comma between rows',
      '[{"a":1} {"a":2}]',
      'Row 2 of the JSON is malformed: no comma before it',
    ],
    ['with a comma too many', '[{"a":1},]', 'Row 2 of the JSON is malformed'],
    ['without its end', '[{"a":"]', 'ends before'],
    ['with more after its end', '[{"a":1}] x', 'goes on after'],
    ['that is empty', '', 'ends before'],
  ])('rejects JSON %s', async (_what, json, message) => {
    await writeFile(join(dataDir, 'alice/bad.json'), json);
    const failure = await failureOf(run('bad.json'));
    expect(failure).toMatchObject({ type: 'InvalidData', retryable: false });
    expect(failure.message).toContain(message);
  });

  it('reads JSON whatever its strings contain, and wherever the chunks end', async () => {
    const rows = Array.from({ length: 3000 }, (_, i) => ({ a: `]}"\\[{,é😀${i}`, n: i, deep: [{ b: [] }] }));
    await writeFile(join(dataDir, 'alice/odd.json'), `\uFEFF ${JSON.stringify(rows, null, 2)}\n`);
    expect(await run('odd.json')).toMatchObject({
      rows: 3000,
      columns: { a: { distinct: 3000, min: ']}"\\[{,é😀0' }, n: { mean: 1499.5 }, deep: { distinct: 1 } },
    });
  });

  it('reads UTF-16 as Excel writes it', async () => {
    await writeFile(join(dataDir, 'alice/excel.csv'), '\uFEFFKöln;b\r\n1;ü\r\n', 'utf16le');
    expect(await run('excel.csv')).toMatchObject({ rows: 1, columns: { Köln: { min: 1 }, b: { min: 'ü' } } });
  });
});

describe('process-data: a large file', () => {
  const path = join(dataDir, 'alice/large.csv');

  beforeAll(async () => {
    const file = await open(path, 'w');
    await file.write('a,b,c\n');
    for (let block = 0; block < 40; block++) {
      await file.write(
        Array.from({ length: 20_000 }, (_, i) => `${block * 20_000 + i},x${i % 7},2024-01-01\n`).join(''),
      );
    }
    await file.close();
  });

  it('stops at once with the reason, and closes the file, when it is aborted', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    let abortedAt = Infinity;
    const progress = () => {
      // Not from within the handler: a cancellation comes between two turns of the event loop.
      setImmediate(() => {
        abortedAt = Math.min(abortedAt, performance.now());
        controller.abort(reason);
      });
    };
    await expect(run('large.csv', { signal: controller.signal, progress })).rejects.toBe(reason);
    expect(performance.now() - abortedAt).toBeLessThan(500);
    expect(openFiles()).not.toContain(path);
  });

  it('does not start if it was aborted before', async () => {
    const reason = new Error('enough');
    for (const payload of [{ file: 'large.csv' }, { csv: 'a\n1' }, { rows: [{ a: 1 }] }]) {
      const attempt = type.run(createContext({ signal: AbortSignal.abort(reason) }), payload);
      await expect(attempt).rejects.toBe(reason);
    }
  });

  it('reports rising percentages, the last one 100, and lets the event loop run', async () => {
    const context = createContext();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await type.run(context, { file: 'large.csv' });
    clearInterval(timer);
    expect(context.percents.length).toBeGreaterThan(1);
    expect(context.percents).toEqual([...new Set(context.percents)].sort((a, b) => a - b));
    expect(context.percents.at(-1)).toBe(100);
    // 16 MB in chunks of 32 KiB: about 500 turns.
    expect(turns).toBeGreaterThan(200);
  });
});

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The descriptor with which the folder itself was read.
      return [];
    }
  });
}
