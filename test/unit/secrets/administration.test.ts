import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { UserError } from '../../../src/lib/user-error.ts';
import {
  createSecretAdministration,
  type SecretAdministration,
} from '../../../src/secrets/administration.ts';
import { temporaryHome } from '../auth/fixtures.ts';

let path: string;
let administration: SecretAdministration;

beforeEach(async () => {
  path = join(await temporaryHome(), 'secrets.json');
  administration = createSecretAdministration(path);
});

const valid = { name: 'crm-token', hosts: ['crm.example.com'], owners: ['alice'], value: 'a-value' };

describe('a secret that cannot be set, with', () => {
  test.each<[Partial<typeof valid>, string]>([
    [{ name: '' }, "a secret's name must have 1 to 64 letters"],
    [{ name: 'crm token' }, "a secret's name must have 1 to 64 letters"],
    [{ name: '-crm' }, "a secret's name must have 1 to 64 letters"],
    [{ name: 'x'.repeat(65) }, "a secret's name must have 1 to 64 letters"],
    [{ hosts: [] }, 'a secret must have a host'],
    [{ hosts: ['crm', 'https://crm'] }, 'a host must be a name or an address'],
    [{ hosts: ['*.example.com'] }, 'a host must be a name or an address'],
    ...['http://', 'http://crm/', 'http://a@crm', 'http://http://crm'].map(
      (host): [Partial<typeof valid>, string] => [{ hosts: [host] }, 'a host must be a name or an address'],
    ),
    [{ owners: [] }, 'a secret must have an owner'],
    [{ owners: ['alice', 'a b'] }, 'an owner must be the name of an account'],
    ...['', ' a', 'a ', 'a\n', 'a\tb', 'a\u00adb', 'a€b', 'a\u007fb', 'x'.repeat(8193)].map(
      (value): [Partial<typeof valid>, string] => [
        { value },
        "a secret's value must have 1 to 8192 characters",
      ],
    ),
    [{ value: '0123456789' }, "a secret's value must have a character other than digits"],
    [{ value: 'crm-token' }, "a secret's value must not be its name, nor a part of it"],
    [{ value: 'rm-token' }, "a secret's value must not be its name, nor a part of it"],
  ])('%j, is rejected and not written', async (changes, message) => {
    const error: unknown = await administration
      .set({ ...valid, ...changes })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UserError);
    expect(String(error)).toContain(message);
    await expect(readFile(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

test.each(['x', 'two words', 'é'.repeat(8192), '!~ÿ¡"\\'])('a value can be %j', async (value) => {
  await administration.set({ ...valid, value });
  expect(await readFile(path, 'utf8')).toContain(JSON.stringify(value));
});

test('secrets that are set at once are all kept', async () => {
  const names = Array.from({ length: 8 }, (_, i) => `secret-${i}`);
  await Promise.all(names.map((name) => administration.set({ ...valid, name })));
  expect((await administration.list()).map(({ name }) => name)).toEqual(names);
});
