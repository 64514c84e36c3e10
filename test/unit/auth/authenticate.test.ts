import { expect, test } from 'vitest';
import { createAuthenticate } from '../../../src/auth/authenticate.ts';
import { invalidToken } from '../../../src/auth/rejections.ts';
import { AppError } from '../../../src/contract/errors.ts';
import { alice, signedIn } from './fixtures.ts';

const principal = signedIn(alice, 1_800_000_000_000);
const authenticate = createAuthenticate({
  tokens: {
    verifyAccess: (token) =>
      token === 'good' ? Promise.resolve(principal) : Promise.reject(invalidToken('credential', 'no')),
  },
});

test.each(['Bearer good', 'bearer good', 'BEARER   good', ' Bearer good '])('accepts %j', async (header) => {
  await expect(authenticate(header)).resolves.toEqual(principal);
});

test.each([
  [undefined, 'not_authenticated', 'Authentication credentials were not provided.'],
  ['', 'not_authenticated', 'Authentication credentials were not provided.'],
  ['Basic Z29vZA==', 'not_authenticated', 'Authentication credentials were not provided.'],
  ['good', 'not_authenticated', 'Authentication credentials were not provided.'],
  ['Bearer', 'not_authenticated', 'Authorization header must contain two space-delimited values'],
  ['Bearer go od', 'not_authenticated', 'Authorization header must contain two space-delimited values'],
  ['Bearer bad', 'token_not_valid', 'Given token not valid for any token type'],
])('rejects %j with the code %s', async (header, code, message) => {
  const error = await authenticate(header).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(AppError);
  expect(error).toMatchObject({ code, message });
});

test('reports a rejected API key by its prefix, and nothing of what may be part of a key', async () => {
  const rejected: string[] = [];
  const withKeys = createAuthenticate({
    tokens: { verifyAccess: () => Promise.reject(invalidToken('credential', 'no')) },
    keys: {
      verify: () => Promise.reject(invalidToken('credential', 'the API key has expired')),
      exists: (prefix) => prefix === '0123abcd',
    },
    onKeyRejected: (prefix, reason) => rejected.push(`${prefix}: ${reason}`),
  });
  const key = `tb_0123abcd_${'x'.repeat(43)}`;
  for (const credentials of [key, key.slice(0, -1), 'nonsense'])
    await expect(withKeys(`Bearer ${credentials}`)).rejects.toMatchObject({ code: 'token_not_valid' });
  expect(rejected).toEqual(['0123abcd: the API key has expired', ': the API key has expired']);
});

test('reports rejected keys that do not exist once a minute, however many are made up', async () => {
  const rejected: string[] = [];
  const withKeys = createAuthenticate({
    tokens: { verifyAccess: () => Promise.reject(invalidToken('credential', 'no')) },
    keys: {
      verify: () => Promise.reject(invalidToken('credential', 'unknown API key')),
      exists: () => false,
    },
    onKeyRejected: (prefix, reason) => rejected.push(`${prefix}: ${reason}`),
  });
  for (const prefix of ['00000001', '00000002', '00000003'])
    await expect(withKeys(`Bearer tb_${prefix}_${'x'.repeat(43)}`)).rejects.toBeInstanceOf(AppError);
  expect(rejected).toEqual(['00000001: unknown API key']);
});

test('passes internal errors on unchanged', async () => {
  const broken = createAuthenticate({
    tokens: { verifyAccess: () => Promise.reject(new TypeError('a defect')) },
  });
  await expect(broken('Bearer x')).rejects.toBeInstanceOf(TypeError);
});
