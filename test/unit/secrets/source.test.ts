/** Which secrets a worker hands out, from a real file. */
import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeEach, describe, expect, test } from 'vitest';
import { ListFileError, readListFile } from '../../../src/lib/list-file.ts';
import {
  createSecretAdministration,
  type SecretAdministration,
} from '../../../src/secrets/administration.ts';
import { openSecrets, type SecretSourceOptions } from '../../../src/secrets/source.ts';
import { temporaryHome } from '../auth/fixtures.ts';

let path: string;
let administration: SecretAdministration;

beforeEach(async () => {
  path = join(await temporaryHome(), 'secrets.json');
  administration = createSecretAdministration(path);
});

const value = 'the-value-of-a-secret';
const set = (changes: { value?: string; hosts?: string[]; owners?: string[] } = {}) =>
  administration.set({ name: 'crm', hosts: ['crm.example.com'], owners: ['alice'], value, ...changes });

/** Opens the file. `ask` asks for the secret, as alice for a request to its host unless changed. */
async function open(options: Partial<SecretSourceOptions> = {}) {
  const reasons: string[] = [];
  const errors: string[] = [];
  const find = await openSecrets({
    path,
    ...options,
    onError: ({ message }) => errors.push(message),
  });
  const ask = async (url = 'https://crm.example.com/', owner = 'alice') => {
    const answer = await find({ name: 'crm', owner, url });
    if (answer.kind === 'refused') reasons.push(answer.reason);
    return answer.kind === 'found' ? answer.value : answer.kind;
  };
  return { ask, reasons, errors };
}

describe('a secret is handed out', () => {
  test.each([
    ['CRM.Example.com', 'https://crm.example.com/path?query'],
    ['crm.example.com', 'https://CRM.EXAMPLE.COM'],
    ['crm.example.com', 'https://crm.example.com:443/'],
    ['crm.example.com:443', 'https://crm.example.com/'],
    ['crm.example.com:8443', 'https://crm.example.com:8443/'],
    ['http://crm.internal', 'http://crm.internal/'],
    ['http://crm.internal:80', 'http://crm.internal/'],
    ['http://CRM.internal:8080', 'http://crm.internal:8080/'],
    ['127.0.0.1', 'https://127.1/'],
    ['[::1]:8443', 'https://[0:0::1]:8443/'],
    ['mail.example.com:465', 'smtps://Mail.example.com:465'],
  ])('bound to %s, for %s', async (host, url) => {
    await set({ hosts: ['elsewhere.example', host] });
    expect(await (await open()).ask(url)).toBe(value);
  });
});

describe('a secret is refused', () => {
  test.each([
    ['crm.example.com', 'https://crm.example.com:8443/', 'its hosts do not include crm.example.com:8443'],
    ['crm.example.com:8443', 'https://crm.example.com/', 'its hosts do not include crm.example.com'],
    [
      'crm.example.com',
      'https://crm.example.com.evil.test/',
      'its hosts do not include crm.example.com.evil.test',
    ],
    ['crm.example.com', 'https://evil.test/crm.example.com', 'its hosts do not include evil.test'],
    ['crm.example.com', 'https://crm.example.com@evil.test/', 'its hosts do not include evil.test'],
    ['example.com', 'https://crm.example.com/', 'its hosts do not include crm.example.com'],
    ['crm.example.com', 'https://crm.example.com./', 'its hosts do not include crm.example.com.'],
    ['crm.example.com', 'nonsense', 'it is for no valid URL'],
    ['crm.example.com', 'http://crm.example.com/', 'its hosts do not include http://crm.example.com'],
    ['crm.internal:8080', 'http://crm.internal:8080/', 'its hosts do not include http://crm.internal:8080'],
    ['http://crm.internal', 'http://crm.internal:8080/', 'its hosts do not include http://crm.internal:8080'],
    ['http://crm.internal:8443', 'https://crm.internal:8443/', 'its hosts do not include crm.internal:8443'],
    ['http://crm.example.com', 'ws://crm.example.com/', 'its hosts do not include ws://crm.example.com'],
  ])('bound to %s, for %s: %s', async (host, url, reason) => {
    await set({ hosts: [host] });
    const { ask, reasons } = await open();
    expect(await ask(url)).toBe('refused');
    expect(reasons).toEqual([expect.stringContaining(reason)]);
  });

  test('to other accounts than its own, and if there is none of this name', async () => {
    const { ask, reasons } = await open();
    expect(await ask()).toBe('refused');
    await set({ owners: ['alice', 'bob'] });
    expect(
      await Promise.all(['alice', 'bob', 'Alice', 'carol'].map((owner) => ask(undefined, owner))),
    ).toEqual([value, value, 'refused', 'refused']);
    expect(reasons).toEqual([
      `there is none in ${path}`,
      ...Array(2).fill('its owners do not include this account'),
    ]);
  });
});

test('a change of the file counts at once, also its removal', async () => {
  const { ask } = await open();
  await set();
  expect(await ask()).toBe(value);
  await set({ value: 'another-value' });
  expect(await ask()).toBe('another-value');
  await administration.remove('crm');
  expect(await ask()).toBe('refused');
  await set();
  expect(await ask()).toBe(value);
  await rm(path);
  expect(await ask()).toBe('refused');
});

async function makeNamedPipe(): Promise<void> {
  await rm(path);
  await promisify(execFile)('mkfifo', [path]);
}

test.each<[string, () => Promise<unknown>, string]>([
  ['corrupt', () => writeFile(path, `{"secrets": ${value}`), 'is corrupt: not JSON'],
  ['empty', () => writeFile(path, ''), 'is corrupt: not JSON'],
  ['a folder', () => rm(path).then(() => mkdir(path)), 'is no file'],
  ['a named pipe', makeNamedPipe, 'is no file'],
])(
  'no secret is handed out from a file that is %s, which is reported once, until it is mended',
  async (_what, damage, fault) => {
    await set();
    const { ask, errors } = await open();
    await damage();
    // More than Node.js has threads.
    expect(await Promise.all(Array.from({ length: 8 }, () => ask()))).toEqual(Array(8).fill('unreadable'));
    expect(errors).toEqual([`${path} ${fault}`]);
    await expect(open()).rejects.toThrow(ListFileError);
    await rm(path, { recursive: true });
    await set({ value: 'another-value' });
    expect(await ask()).toBe('another-value');
  },
);

test('a file that is not read in time is unreadable, and read once at a time, until it is read again', async () => {
  await set();
  let reads = 0;
  let release: () => void = () => undefined;
  let stuck: Promise<void> | undefined;
  const read: SecretSourceOptions['read'] = async (file, format) => {
    reads += 1;
    await stuck;
    return await readListFile(file, format);
  };
  const { ask, errors } = await open({ readMs: 50, read });
  stuck = new Promise((resolve) => (release = resolve));
  for (let round = 0; round < 2; round += 1)
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill('unreadable'));
  expect(errors).toEqual([`${path} cannot be read: not read within 0.05 s`]);
  expect(reads).toBe(2);
  release();
  expect(await ask()).toBe(value);
});
