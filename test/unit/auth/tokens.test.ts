import { createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { deriveKey } from '../../../src/auth/keys.ts';
import { createTokens } from '../../../src/auth/tokens.ts';
import { accountsInMemory, alice, noneEnded, notValid, secret, signedIn } from './fixtures.ts';

const start = Date.UTC(2030, 0, 1);
const signingKey = deriveKey(secret, 'tokens');

function setUp() {
  const clock = { ms: start };
  const store = accountsInMemory(alice);
  const { accounts } = store;
  const tokens = createTokens({ secret, accounts, endedTokens: noneEnded, now: () => clock.ms });
  return { tokens, clock, ...store };
}

/** Signs a token that is valid except for what is overridden. */
function forge({
  key = signingKey,
  header = {},
  claims = {},
}: { key?: Uint8Array; header?: object; claims?: object } = {}) {
  const now = start / 1000;
  return new SignJWT({
    token_type: 'access',
    user_id: alice.id,
    sub: alice.id,
    jti: 'b4b4b0fc-1a57-4d0a-8d6e-6d5ad1a0a002',
    gen: alice.generation,
    iss: 'taskbell',
    aud: 'taskbell',
    iat: now,
    exp: now + 60,
    ...claims,
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...header })
    .sign(key);
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a pair of tokens', () => {
  test("carries simplejwt's claims, and is valid for 15 minutes and a day", async () => {
    const { tokens } = setUp();
    const { access, refresh } = await tokens.issue(alice);
    const common = { user_id: alice.id, sub: alice.id, iss: 'taskbell', aud: 'taskbell', iat: start / 1000 };
    expect(decodeJwt(access)).toMatchObject({ ...common, token_type: 'access', exp: start / 1000 + 900 });
    expect(decodeJwt(refresh)).toMatchObject({
      ...common,
      token_type: 'refresh',
      exp: start / 1000 + 86_400,
    });
    expect(decodeJwt(access).jti).not.toBe(decodeJwt(refresh).jti);
    expect(decodeProtectedHeader(access)).toEqual({ alg: 'HS256', typ: 'JWT' });
  });

  test('identifies its account, its expiry and its refresh token', async () => {
    const { tokens } = setUp();
    const pair = await tokens.issue(alice);
    const refresh = { id: decodeJwt(pair.refresh).jti, started_at: start };
    await expect(tokens.verifyAccess(pair.access)).resolves.toEqual({
      ...signedIn(alice, start + 900_000),
      credential: { type: 'token', refresh },
    });
  });

  test('can be refreshed any number of times until the refresh token expires', async () => {
    const { tokens, clock } = setUp();
    const { refresh } = await tokens.issue(alice);
    clock.ms = start + 86_399_000;
    for (let i = 0; i < 2; i += 1) {
      const { access } = await tokens.refresh(refresh);
      await expect(tokens.verifyAccess(access)).resolves.toMatchObject({ id: alice.id });
    }
    clock.ms = start + 86_400_000;
    await expect(tokens.refresh(refresh)).rejects.toMatchObject(notValid);
  });
});

describe('an access token is rejected', () => {
  test('from the second in which it expires, and not before', async () => {
    const { tokens, clock } = setUp();
    const { access } = await tokens.issue(alice);
    clock.ms = start + 899_000;
    await expect(tokens.verifyAccess(access)).resolves.toMatchObject({ id: alice.id });
    clock.ms = start + 900_000;
    await expect(tokens.verifyAccess(access)).rejects.toMatchObject(notValid);
  });

  test('with another signature, also after the right one was accepted', async () => {
    const { tokens } = setUp();
    const { access } = await tokens.issue(alice);
    await tokens.verifyAccess(access);
    const [signed, signature = ''] = [access.slice(0, access.lastIndexOf('.')), access.split('.')[2]];
    const forged = `${signed}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    await expect(tokens.verifyAccess(forged)).rejects.toMatchObject(notValid);
    await expect(tokens.verifyAccess(access)).resolves.toMatchObject({ id: alice.id });
  });

  test('after its account has changed, though it was accepted before', async () => {
    const { tokens, known } = setUp();
    const { access } = await tokens.issue(alice);
    await tokens.verifyAccess(access);
    known.set(alice.id, { ...alice, generation: alice.generation + 1 });
    await expect(tokens.verifyAccess(access)).rejects.toMatchObject(notValid);
  });

  test('where a refresh token is expected, and a refresh token where an access token is', async () => {
    const { tokens } = setUp();
    const { access, refresh } = await tokens.issue(alice);
    await expect(tokens.verifyAccess(refresh)).rejects.toMatchObject(notValid);
    await expect(tokens.refresh(access)).rejects.toMatchObject(notValid);
  });

  test('in each case below only because of what is forged: without that, the same token is accepted', async () => {
    await expect(setUp().tokens.verifyAccess(await forge())).resolves.toMatchObject({ id: alice.id });
  });

  test.each([
    ['another key', { key: deriveKey(`${secret}!`, 'tokens') }],
    ["the tickets' key", { key: deriveKey(secret, 'tickets') }],
    ['the secret itself as key', { key: new TextEncoder().encode(secret) }],
    ['another algorithm', { header: { alg: 'HS512' }, key: new Uint8Array(64).fill(1) }],
    ['another type in its header', { header: { typ: 'at+jwt' } }],
    ['another audience', { claims: { aud: 'other' } }],
    ['no audience', { claims: { aud: undefined } }],
    ['another issuer', { claims: { iss: 'other' } }],
    ['no expiry', { claims: { exp: undefined } }],
    ['an expiry in the past', { claims: { exp: start / 1000 - 1 } }],
    ['a start in the future', { claims: { nbf: start / 1000 + 60 } }],
    ['no token_type', { claims: { token_type: undefined } }],
    ['no generation', { claims: { gen: undefined } }],
    ['an earlier generation', { claims: { gen: alice.generation - 1 } }],
    ['a later generation', { claims: { gen: alice.generation + 1 } }],
    ['an unknown account', { claims: { sub: '00000000-0000-4000-8000-000000000000' } }],
    ['a name as its subject', { claims: { sub: '__proto__' } }],
  ])('with %s', async (_what, forgery) => {
    await expect(setUp().tokens.verifyAccess(await forge(forgery))).rejects.toMatchObject(notValid);
  });

  test('with alg none, with or without a signature', async () => {
    const { tokens } = setUp();
    const [, payload, signature] = (await forge()).split('.');
    for (const alg of ['none', 'None', '']) {
      for (const end of ['', signature]) {
        const token = `${encode({ alg, typ: 'JWT' })}.${payload}.${end}`;
        await expect(tokens.verifyAccess(token)).rejects.toMatchObject(notValid);
      }
    }
  });

  test('with HS512 and our own key', async () => {
    const [, payload] = (await forge()).split('.');
    const signed = `${encode({ alg: 'HS512', typ: 'JWT' })}.${payload}`;
    const token = `${signed}.${createHmac('sha512', signingKey).update(signed).digest('base64url')}`;
    await expect(setUp().tokens.verifyAccess(token)).rejects.toMatchObject(notValid);
  });

  test('with any one character changed', async () => {
    const { tokens } = setUp();
    const good = await forge();
    // The last character of a signature of 32 bytes has two bits that decode to nothing.
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 2),
        fc.constantFrom(...'ABCxyz019-_.=é \0'.split('')),
        async (at, character) => {
          fc.pre(good[at] !== character);
          const bad = good.slice(0, at) + character + good.slice(at + 1);
          await expect(tokens.verifyAccess(bad)).rejects.toMatchObject(notValid);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('when it is arbitrary text', async () => {
    const { tokens } = setUp();
    const part = fc.oneof(
      fc.string(),
      fc.json().map((text) => Buffer.from(text).toString('base64url')),
    );
    const token = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part, { maxLength: 5 }).map((parts) => parts.join('.')),
    );
    await fc.assert(
      fc.asyncProperty(token, async (text) => {
        await expect(tokens.verifyAccess(text)).rejects.toMatchObject(notValid);
        await expect(tokens.refresh(text)).rejects.toMatchObject(notValid);
      }),
    );
  });

  test('when it is huge, even if it is correctly signed', async () => {
    const token = await forge({ claims: { pad: 'x'.repeat(3_000) } });
    await expect(setUp().tokens.verifyAccess(token)).rejects.toMatchObject({
      cause: { message: 'too long' },
    });
  });
});

describe('the account behind a token', () => {
  test('invalidates its tokens when it is removed', async () => {
    const { tokens, known } = setUp();
    const { access, refresh } = await tokens.issue(alice);
    known.clear();
    await expect(tokens.verifyAccess(access)).rejects.toMatchObject(notValid);
    await expect(tokens.refresh(refresh)).rejects.toMatchObject(notValid);
  });

  test('invalidates earlier tokens when its generation changes, and gets new ones', async () => {
    const { tokens, known } = setUp();
    const before = await tokens.issue(alice);
    const changed = { ...alice, generation: alice.generation + 1 };
    known.set(alice.id, changed);
    const after = await tokens.issue(changed);
    await expect(tokens.verifyAccess(before.access)).rejects.toMatchObject(notValid);
    await expect(tokens.refresh(before.refresh)).rejects.toMatchObject(notValid);
    await expect(tokens.verifyAccess(after.access)).resolves.toMatchObject({
      generation: changed.generation,
    });
  });

  test('is looked up once more in the file if it is unknown, since another process may have signed it in', async () => {
    const { tokens, known, onRefresh } = setUp();
    const { access } = await tokens.issue(alice);
    known.clear();
    onRefresh(() => known.set(alice.id, alice));
    await expect(tokens.verifyAccess(access)).resolves.toMatchObject({ id: alice.id });
  });

  test('gives its current role, not the one it had when the token was issued', async () => {
    const { tokens, known } = setUp();
    const { access } = await tokens.issue({ ...alice, role: 'admin' });
    expect(known.get(alice.id)?.role).toBe('user');
    await expect(tokens.verifyAccess(access)).resolves.toMatchObject({ role: 'user' });
  });
});
