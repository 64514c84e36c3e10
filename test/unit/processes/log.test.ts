import { expect, test } from 'vitest';
import { plainLine } from '../../../src/processes/log.ts';

const line = { level: 30, time: 0, role: 'api' };

test('a plain line has no character that moves the cursor or changes the direction of the text', () => {
  const text = plainLine({ ...line, msg: 'alice: POST /\u001B[2J\u0007\r\u009B\u202E\u2028x → 404' });
  expect(text).toContain(String.raw`/\u001b[2J\u0007\u000d\u009b\u202e\u2028x → 404`);
});

test('a plain line with line breaks does not look like several lines', () => {
  const text = plainLine({ ...line, msg: 'failed', reason: 'no\n07:77:77 api eve: delete → 204' });
  expect(text.split('\n').slice(1)).toEqual(['    07:77:77 api eve: delete → 204']);
});

test('the stack of an error keeps its lines', () => {
  const err = { stack: 'Error: no\n    at here' };
  expect(plainLine({ ...line, level: 50, msg: 'failed', err })).toMatch(
    / api ERROR failed: Error: no\n +at here$/,
  );
});
