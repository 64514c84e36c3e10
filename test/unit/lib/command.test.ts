import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { createAction, type ErrorReport, explain } from '../../../src/lib/command.ts';

class Mistake extends Error {}
const isFixable = (error: unknown): error is Error => error instanceof Mistake;

afterEach(() => {
  process.exitCode = undefined;
});

/** Runs a command. @returns what it printed on stderr, and the exit code that it set. */
async function run(command: () => Promise<number | void>, report: Partial<ErrorReport> = {}) {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  await createAction({ stdin, stdout, stderr }, { isFixable, ...report })(command)();
  stderr.end();
  return { err: await text(stderr), code: process.exitCode };
}

test('a command ends with the exit code that it returns, or with 0', async () => {
  expect(await run(async () => 130)).toEqual({ err: '', code: 130 });
  expect(await run(async () => undefined)).toEqual({ err: '', code: 0 });
});

test('an error that the user can fix is reported in one line, and the exit code is 1', async () => {
  const fail = () => Promise.reject(new Mistake('PORT: must be a number'));
  expect(await run(fail)).toEqual({ err: 'PORT: must be a number\n', code: 1 });
  const report: ErrorReport['report'] = ({ message }, { stderr }) => void stderr.write(`error: ${message}\n`);
  expect(await run(fail, { report })).toEqual({ err: 'error: PORT: must be a number\n', code: 1 });
});

test('a defect is printed with its stack trace, whatever the command does with other errors', async () => {
  const fail = () => Promise.reject(new TypeError('undefined is not a function'));
  const { err, code } = await run(fail, { report: () => undefined });
  expect(err).toMatch(/^TypeError: undefined is not a function\n {4}at .*command\.test\.ts/);
  expect(code).toBe(1);
});

test('what is thrown and is no error is printed as text', () => {
  expect(explain('out of paper', isFixable)).toBe('out of paper');
});
