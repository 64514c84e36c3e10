import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { askForPassword, readPasswordFrom } from '../../../src/auth/new-password.ts';

function piped(...chunks: (string | Buffer)[]) {
  const input = new PassThrough();
  for (const chunk of chunks) input.write(chunk);
  input.end();
  return input;
}

/** Returns a terminal on which `keys` are typed, and everything shown on it. */
function terminal(keys: string) {
  const shown: string[] = [];
  const prompts = new PassThrough();
  prompts.on('data', (chunk) => shown.push(String(chunk)));
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input });
  input.write(keys);
  return { input, prompts, shown };
}

test.each([
  [['pass word \n'], 'pass word '],
  [['pass', 'word\r\n'], 'password'],
  [['password'], 'password'],
  [['two\nlines\n\n'], 'two\nlines\n'],
  [[Buffer.from('pä').subarray(0, 2), Buffer.from('pä').subarray(2)], 'pä'],
  [[], ''],
])('standard input %j is the password %j', async (chunks, password) => {
  await expect(readPasswordFrom(piped(...chunks))).resolves.toBe(password);
});

test('standard input that is too long or not UTF-8 is rejected', async () => {
  await expect(readPasswordFrom(piped('x'.repeat(9_000)))).rejects.toThrow('too long');
  await expect(readPasswordFrom(piped(Buffer.from([0xff, 0xfe])))).rejects.toThrow('UTF-8');
});

test('a password is asked for twice, and not shown', async () => {
  const { input, prompts, shown } = terminal('secret-1\rsecret-1\r');
  await expect(askForPassword(input, prompts)).resolves.toBe('secret-1');
  expect(shown.join('')).toBe('Password: \nAgain: \n');
});

test.each([
  ['differ', 'secret-1\rsecret-2\r', 'the two passwords differ'],
  ['end with Ctrl-C', 'secr\u0003', 'cancelled'],
  ['end with Ctrl-D at the second', 'secret-1\r\u0004', 'cancelled'],
])('answers that %s are rejected', async (_what, keys, message) => {
  const { input, prompts } = terminal(keys);
  await expect(askForPassword(input, prompts)).rejects.toThrow(message);
});

test('without a terminal, the error names --password-stdin', async () => {
  await expect(askForPassword(piped(), new PassThrough())).rejects.toThrow('--password-stdin');
});
