/** Secrets in what handlers print, in pieces and in long lines. */
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { forwardOutput } from '../../activities/pool/output.ts';
import { SecretMask } from '../../activities/secret-mask.ts';

const value = 'canary-0123456789abcdefghijklmnopqrstuvwxyz';

/** Returns what is logged of output that arrives in pieces. */
async function logged(...pieces: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  const write = (_facts: object, line: string): void => void lines.push(line);
  const mask = new SecretMask();
  mask.add('crm', value);
  const stdout = new PassThrough();
  const logger = { info: write, warn: write, error: write };
  forwardOutput({ stdout, stderr: null }, { logger, facts: () => ({}), mask, onOutOfHeap: () => undefined });
  for (const piece of pieces) {
    stdout.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  stdout.end();
  await finished(stdout);
  return lines;
}

test.each([
  ['in one piece', [`a ${value} b\n`], 'a [secret crm] b'],
  ['in two pieces', [`a ${value.slice(0, 9)}`, `${value.slice(9)} b\n`], 'a [secret crm] b'],
])('a secret is replaced %s', async (_how, pieces, line) => {
  expect(await logged(...pieces)).toEqual([line]);
});

test.each(Array.from({ length: 60 }, (_, i) => 1950 + i))(
  'no part of a secret is logged that stands across the limit of a line, at %i',
  async (at) => {
    const dots = '.'.repeat(at - 2);
    const [line = '', ...others] = await logged(`😀${dots}${value}`, `more${'x'.repeat(3000)}\n`, 'next\n');
    expect(line).toBe(`😀${dots}[secret crm]more${'x'.repeat(3000)}`.slice(0, Math.min(2000, line.length)));
    expect(line).not.toContain('canary');
    expect(line.length).toBeGreaterThan(1950);
    expect(others).toEqual(['next']);
  },
);
