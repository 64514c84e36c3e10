import { pino } from 'pino';
import { expect, test } from 'vitest';
import { warnOfUntriedServer } from '../../../src/processes/server-version.ts';

/** Returns the warnings about a server of this version. */
async function warningsOf(serverVersion: string): Promise<string[]> {
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  await warnOfUntriedServer({ probe: async () => ({ serverVersion, latencyMs: 1 }) }, logger);
  return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
}

test.each(['1.29.1', '1.29.7', '1.31.2'])('server %s is used without a word', async (version) => {
  expect(await warningsOf(version)).toEqual([]);
});

test.each(['1.28.0', '1.40.0', '2.0.0', ''])('server %s is named in a warning', async (version) => {
  expect(await warningsOf(version)).toEqual([
    `Taskbell was tried with Temporal server 1.29 and 1.31, not with ${version}`,
  ]);
});

test('a server that cannot be reached is no reason for a warning', async () => {
  const lines: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
  await warnOfUntriedServer({ probe: () => Promise.reject(new Error('away')) }, logger);
  expect(lines).toEqual([]);
});
