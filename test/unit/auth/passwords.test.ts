import { hash } from '@node-rs/argon2';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  hashPassword,
  isTooLong,
  needsRehash,
  passwordHash,
  passwordProblem,
  matchingForm,
} from '../../../src/auth/passwords.ts';
import { djangoHash } from './fixtures.ts';

describe('hashes', () => {
  test('are argon2id with 19 MiB, 2 passes, 1 lane and their own salt', async () => {
    const [one, other] = [await hashPassword('correct horse'), await hashPassword('correct horse')];
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).toMatch(passwordHash);
    expect(one).not.toBe(other);
    expect(needsRehash(one)).toBe(false);
    await expect(matchingForm(one, 'correct horse')).resolves.toBeDefined();
    await expect(matchingForm(one, 'correct horsf')).resolves.toBeUndefined();
  });

  test('from Django are verified and marked for replacement', async () => {
    // Made by Django 5 for the password "lètmein" with salt "seasalt" (from its own test suite).
    const fromDjango = 'pbkdf2_sha256$1000000$seasalt$r1uLUxoxpP2Ued/qxvmje7UH9PUJBkRrvf9gGPL7Cps=';
    expect(fromDjango).toMatch(passwordHash);
    await expect(matchingForm(fromDjango, 'lètmein')).resolves.toBeDefined();
    await expect(matchingForm(fromDjango, 'lètmeinz')).resolves.toBeUndefined();
    await expect(matchingForm(djangoHash('alice-password-1'), 'alice-password-1')).resolves.toBeDefined();
    expect(needsRehash(fromDjango)).toBe(true);
    expect(needsRehash('$argon2id$v=19$m=8192,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA')).toBe(true);
  });

  const composed = 'Schl\u00FCssel-9';
  const decomposed = 'Schlu\u0308ssel-9';

  test.each([
    ['composed', composed],
    ['decomposed', decomposed],
  ])('of a password that was set %s match it however it is typed', async (_how, password) => {
    const stored = await hashPassword(password);
    for (const typed of [composed, decomposed]) expect(await matchingForm(stored, typed)).toBeDefined();
    expect(await matchingForm(stored, 'Schlussel-9')).toBeUndefined();
  });

  test('of a password with a space match every kind of space', async () => {
    const stored = await hashPassword('correct horse');
    expect(await matchingForm(stored, 'correct\u00A0horse')).toBeDefined();
    expect(await matchingForm(stored, 'correct\u3000horse')).toBeDefined();
    expect(await matchingForm(stored, 'correcthorse')).toBeUndefined();
  });

  test('made of a password as it was typed still match it', async () => {
    const former = await hash(decomposed, { memoryCost: 8192, timeCost: 1, parallelism: 1 });
    expect(await matchingForm(former, decomposed)).toBe(decomposed);
    expect(await matchingForm(djangoHash(decomposed), decomposed)).toBe(decomposed);
    expect(await matchingForm(djangoHash(composed), decomposed)).toBe(composed);
  });

  test.each(['', '!unusable', 'md5$salt$00', '$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo'])(
    'of other kinds are not recognized: %j',
    (text) => expect(text).not.toMatch(passwordHash),
  );
});

describe('a new password', () => {
  test.each([
    ['1234567', 'at least 8'],
    ['x'.repeat(1_025), 'at most 1024'],
    ['Long.Name', 'not be the same as the name'],
    ['two\nlines of it', 'single line'],
    ['nul\0 nul nul', 'single line'],
    ['👩🏽👩🏽👩🏽', 'at least 8'],
    ['Password', 'guessed first'],
    ['12345678', 'guessed first'],
    // Eight code points as typed, four letters.
    ['u\u0308u\u0308u\u0308u\u0308', 'at least 8'],
  ])('%j is rejected', (password, reason) => {
    expect(passwordProblem(password, 'long.name')).toContain(reason);
  });

  test.each(['passwordy', 'x'.repeat(1_024), '👩'.repeat(1_024), 'пароль с пробелом'])(
    '%j is accepted',
    (password) => {
      expect(passwordProblem(password, 'long.name')).toBeUndefined();
    },
  );

  test('has its length measured in code points', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 3_000, size: 'max' }), (text) => {
        expect(isTooLong(text)).toBe(Array.from(text).length > 1_024);
      }),
    );
  });
});
