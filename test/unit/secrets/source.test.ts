/** Which secrets a worker hands out, from a real file. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { createAllowHosts } from '../../../activities/net/allow-hosts.ts';
import { ListFileError } from '../../../src/lib/list-file.ts';
import {
  createSecretAdministration,
  type SecretAdministration,
} from '../../../src/secrets/administration.ts';
import { openSecrets } from '../../../src/secrets/source.ts';
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

/** Opens the file. `ask` asks for the secret, as alice for a request to an allowed host unless changed. */
async function open() {
  const reasons: string[] = [];
  const errors: string[] = [];
  const find = await openSecrets({
    path,
    allowsPlain: createAllowHosts(['crm.internal:80', 'crm.internal:8080']),
    onRefused: (_wanted, reason) => reasons.push(reason),
    onError: ({ message }) => errors.push(message),
  });
  const ask = (url = 'https://crm.example.com/', owner = 'alice') => find({ name: 'crm', owner, url });
  return { ask, reasons, errors };
}

describe('a secret is handed out', () => {
  test.each([
    ['CRM.Example.com', 'https://crm.example.com/path?query'],
    ['crm.example.com', 'https://CRM.EXAMPLE.COM'],
    ['crm.example.com', 'https://crm.example.com:443/'],
    ['crm.example.com:443', 'https://crm.example.com/'],
    ['crm.example.com:8443', 'https://crm.example.com:8443/'],
    ['crm.internal', 'http://crm.internal/'],
    ['crm.internal:8080', 'http://crm.internal:8080/'],
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
    ['crm.example.com', 'http://crm.example.com/', 'it would be sent to crm.example.com unencrypted'],
    ['crm.internal:8081', 'http://crm.internal:8081/', 'it would be sent to crm.internal:8081 unencrypted'],
    ['crm.example.com', 'ws://crm.example.com/', 'it would be sent to crm.example.com unencrypted'],
  ])('bound to %s, for %s: %s', async (host, url, reason) => {
    await set({ hosts: [host] });
    const { ask, reasons } = await open();
    expect(await ask(url)).toBeUndefined();
    expect(reasons).toEqual([expect.stringContaining(reason)]);
  });

  test('to other accounts than its own, and if there is none of this name', async () => {
    const { ask, reasons } = await open();
    expect(await ask()).toBeUndefined();
    await set({ owners: ['alice', 'bob'] });
    expect(
      await Promise.all(['alice', 'bob', 'Alice', 'carol'].map((owner) => ask(undefined, owner))),
    ).toEqual([value, value, undefined, undefined]);
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
  expect(await ask()).toBeUndefined();
  await set();
  expect(await ask()).toBe(value);
  await rm(path);
  expect(await ask()).toBeUndefined();
});

test('a file that becomes corrupt is reported once, without its text, and the secrets read last stay in use', async () => {
  await set();
  const { ask, errors } = await open();
  await writeFile(path, `{"secrets": ${value}`);
  expect([await ask(), await ask()]).toEqual([value, value]);
  expect(errors).toEqual([`${path} is corrupt: not JSON`]);
  await expect(open()).rejects.toThrow(ListFileError);
});
