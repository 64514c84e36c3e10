import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskedEnd, maskedReport } from '../../activities/pool/masked.ts';
import { SecretMask } from '../../activities/secret-mask.ts';
import { maxCheckpointBytes, maxErrorMessageBytes, maxResultBytes } from '../../src/contract/limits.ts';

function maskOf(...secrets: readonly (readonly [name: string, value: string])[]): SecretMask {
  const mask = new SecretMask();
  for (const [name, value] of secrets) mask.add(name, value);
  return mask;
}

const value = 'k3y/wi"th+é==';
const mask = maskOf(['crm', value]);

describe('in a text, a value is replaced', () => {
  test.each([
    ['wherever it stands', `a ${value}, b ${value}${value}`, 'a [secret crm], b [secret crm][secret crm]'],
    ['in JSON', `{"a":${JSON.stringify(value)}}`, '{"a":"[secret crm]"}'],
    ['in JSON with escaped slashes', String.raw`"k3y\/wi\"th+é=="`, '"[secret crm]"'],
    ['in a URL', `/?token=${encodeURIComponent(value)}&x`, '/?token=[secret crm]&x'],
    ['after a false beginning', `k3y/wi"tk3y/wi"th+x ${value}`, 'k3y/wi"tk3y/wi"th+x [secret crm]'],
  ])('%s', (_where, text, masked) => {
    expect(mask.text(text)).toBe(masked);
  });

  test('by the name of the longest secret that stands there', () => {
    const nested = [
      ['short', '12345678'],
      ['long', '1234567890ab'],
    ] as const;
    for (const secrets of [nested, nested.toReversed()])
      expect(maskOf(...secrets).text('12345678 1234567890ab')).toBe('[secret short] [secret long]');
  });

  test('unless it has fewer than eight characters', () => {
    expect(maskOf(['pin', '1234567']).text('1234567')).toBe('1234567');
    expect(maskOf(['pin', '12345678']).text('12345678')).toBe('[secret pin]');
  });

  test('also if it has characters of regular expressions or replacements', () => {
    expect(maskOf(['odd', '$& (.*)+ [a-z] \\1']).text('x $& (.*)+ [a-z] \\1 y')).toBe('x [secret odd] y');
  });
});

test('what is only the beginning of a value is left as it is, wherever it ends', () => {
  const mask = maskOf(['crm', 'sk_live_4eC39HqLyjWDarjt']);
  for (const text of ['sk_live_', 'sk_live_4…', 'sk_live_4eC39HqLyjWDarj…', 'the key is sk_live_4eC39'])
    expect([mask.text(text), mask.json(JSON.stringify({ [text]: text }))]).toEqual([
      text,
      JSON.stringify({ [text]: text }),
    ]);
});

describe('a value is found as other programs write it', () => {
  const base64 = 'q8Zr+vT/3kPqLw+9Xn==';
  test.each([
    ['.NET', base64, String.raw`q8Zr\u002BvT/3kPqLw\u002B9Xn==`],
    ['.NET, for HTML', 'k3y&wi<th>1', String.raw`k3y\u0026wi\u003Cth\u003E1`],
    ['Go', 'k3y&wi<th>1', String.raw`k3y\u0026wi\u003cth\u003e1`],
    ['Python', 'passwörter-1', String.raw`passw\u00f6rter-1`],
    ['PHP', 'pässe/"1"-2', String.raw`p\u00e4sse\/\"1\"-2`],
    ['JSON within JSON', 'k3y"with\\12', String.raw`k3y\\\"with\\\\12`],
    ['Python quote', base64, 'q8Zr%2BvT/3kPqLw%2B9Xn%3D%3D'],
    ['lower-case quote', base64, 'q8Zr%2bvT%2f3kPqLw%2b9Xn%3d%3d'],
    ['encodeURI', 'two wörds/here', encodeURI('two wörds/here')],
    ['a form', 'two words+here', 'two+words%2Bhere'],
    ['a form in Latin-1', 'two wörds', 'two+w%F6rds'],
    ['a form within the JSON of .NET', 'two words+here', String.raw`two\u002Bwords%2Bhere`],
    ['HTML', `a&b"c'd<e>f`, 'a&amp;b&quot;c&#39;d&lt;e&gt;f'],
    ['HTML of Python', `a&b"c'd<e>f`, 'a&amp;b&quot;c&#x27;d&lt;e&gt;f'],
    ['HTML within the JSON of Go', 'a&b<c>defg', String.raw`a\u0026amp;b\u0026lt;c\u0026gt;defg`],
  ])('%s', (_program, value, written) => {
    const mask = maskOf(['crm', value]);
    expect(mask.text(`{"token":"${written}", "rest":"${written}x"}`)).toBe(
      '{"token":"[secret crm]", "rest":"[secret crm]x"}',
    );
    expect(mask.json(JSON.stringify([written]))).toBe('["[secret crm]"]');
  });
});

describe('replacements', () => {
  test('are not searched again', () => {
    const two = maskOf(['production', 'abcdefghij'], ['b', 'production'], ['c', 'secret production']);
    const once = two.text('abcdefghij, production');
    expect(once).toBe('[secret production], [secret b]');
    expect([two.text(once), two.json(JSON.stringify(once))]).toEqual([once, JSON.stringify(once)]);
  });

  test('take the place of all of two values that overlap', () => {
    expect(maskOf(['a', '12345678'], ['b', '5678abcdefgh']).text('x12345678abcdefghx')).toBe('x[secret b]x');
    expect(maskOf(['a', 'aaaaaaaa']).text('a'.repeat(20))).toBe('[secret a]');
  });

  test('of what began before the end of a text that is cut', () => {
    expect(mask.text(`ab${value}cd`, 3)).toBe('ab[secret crm]');
    expect(mask.text(`ab${value}cd`, 2)).toBe('ab');
    expect(mask.bytes(Buffer.from(`ab${value}cd`), 3).toString()).toBe('ab[secret crm]');
  });
});

describe('the time is proportional to the text', () => {
  /**
   * Returns the processor time of each work, in microseconds: other processes disturb it less than that of a clock. Of
   * many rounds, since some systems count it in steps of milliseconds.
   */
  function timesOf(...works: readonly (() => unknown)[]): number[] {
    return works.map((work) => {
      work();
      const before = process.cpuUsage();
      for (let round = 0; round < 20; round += 1) work();
      return process.cpuUsage(before).user;
    });
  }

  const periodic = `${'a'.repeat(8190)}b`.repeat(31);
  test.each([
    [
      'values that repeat themselves',
      [`${'a'.repeat(8191)}/`, `/${'a'.repeat(8191)}`],
      JSON.stringify(periodic),
    ],
    [
      'many values',
      Array.from({ length: 200 }, (_, i) => `value ${i} of many`),
      `"${'value of '.repeat(28_000)}"`,
    ],
    ['a JSON text without an end', ['abcdefghij'], `"${'\\"'.repeat(128_000)}`],
    ['many escapes', ['abcdefghij'], JSON.stringify('&%+'.repeat(85_000))],
  ])('%s', (_what, values, text) => {
    const mask = maskOf(...values.map((value, i) => [`s${i}`, value] as const));
    // A plain pass: a text that needs no more than to be looked at.
    const plain = JSON.stringify('.'.repeat(text.length - 2));
    const [pass = 0, ofText = 0, ofJson = 0] = timesOf(
      () => mask.text(plain),
      () => mask.text(text),
      () => mask.json(text),
    );
    expect(ofText / pass).toBeLessThan(20);
    expect(ofJson / pass).toBeLessThan(20);
  });
});

test('the texts and keys of JSON are masked, and all else is left as it is', () => {
  const json = `{ "a": ["b", ${JSON.stringify(`x ${value}`)}], ${JSON.stringify(value)}: 1e2, "\\ud800": "k3y" }`;
  expect(mask.json(json)).toBe('{ "a": ["b", "x [secret crm]"], "[secret crm]": 1e2, "\\ud800": "k3y" }');
  expect(mask.json(`"a broken \\x ${JSON.stringify(value).slice(1)}`)).toBe('"a broken \\x [secret crm]"');
});

test('JSON that is nested deeply is masked', () => {
  const deep = `${'['.repeat(100_000)}"abcdefgh"${']'.repeat(100_000)}`;
  expect(maskOf(['x', 'abcdefgh']).json(deep)).toContain('["[secret x]"]');
});

test.each(['latin1', 'utf8'] as const)('bytes are masked in %s, and the others are kept', (charset) => {
  const [before, after] = [Buffer.from([0, 255, 128]), Buffer.from([254, 10])];
  const bytes = Buffer.concat([before, Buffer.from(value, charset), after]);
  expect(mask.bytes(bytes)).toEqual(Buffer.concat([before, Buffer.from('[secret crm]'), after]));
});

test('what replaces a value can be longer, but what a handler reports stays within its limits', () => {
  const short = maskOf(['with-a-long-name', '12345678']);
  const json = JSON.stringify('12345678 '.repeat(maxResultBytes / 16));
  const number = 1;
  const residentBytes = 2;
  expect(maskedEnd({ type: 'completed', number, result: json, residentBytes }, short)).toMatchObject({
    kind: 'failed',
    failure: { type: 'ResultTooLarge', retryable: false },
  });
  const failure = { type: 'Error', message: '12345678 '.repeat(200), retryable: true, deliberate: false };
  const failed = maskedEnd({ type: 'failed', number, failure, residentBytes }, short);
  const message = failed.kind === 'failed' ? failed.failure.message : '';
  expect(message).toMatch(/^\[secret with-a-long-name\] \[.*…$/);
  expect(Buffer.byteLength(message)).toBeLessThanOrEqual(maxErrorMessageBytes);
  const checkpoint = JSON.stringify('12345678 '.repeat(maxCheckpointBytes / 16));
  const { log, ...rest } = maskedReport({ log: ['12345678 '.repeat(200)], checkpoint }, short);
  expect(Buffer.byteLength(log?.[0] ?? '')).toBeLessThanOrEqual(2048);
  expect(rest).toEqual({});
});

test('no value is left in JSON, wherever it was put', () => {
  const secrets = fc.string({ unit: 'grapheme-ascii', minLength: 12, maxLength: 30 });
  fc.assert(
    fc.property(secrets, fc.string(), fc.jsonValue(), (secret, around, json) => {
      fc.pre(!'[secret x]'.includes(secret.slice(0, 8)));
      const leaky = { [`${around}${secret}`]: [json, `${secret}${around}`, { inner: secret }] };
      const masked = JSON.parse(maskOf(['x', secret]).json(JSON.stringify(leaky))) as unknown;
      const texts = JSON.stringify(masked, (key, each: unknown) => {
        if (key.includes(secret) || (typeof each === 'string' && each.includes(secret)))
          throw new Error('it is left');
        return each;
      });
      expect(texts).toContain('[secret x]');
    }),
  );
});
