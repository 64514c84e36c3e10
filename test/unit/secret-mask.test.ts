import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskedMessage } from '../../activities/pool/masked.ts';
import { SecretMask } from '../../activities/secret-mask.ts';
import { maxErrorMessageBytes, maxResultBytes } from '../../src/contract/limits.ts';

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
    ['if it is cut at the end', 'HTTP 500: k3y/wi"th', 'HTTP 500: [secret crm]'],
    ['if it is cut within', 'HTTP 500: k3y/wi"th… (its body)', 'HTTP 500: [secret crm]… (its body)'],
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

test('what replaces a value can be longer, but results and errors stay within their limits', () => {
  const short = maskOf(['with-a-long-name', '12345678']);
  const result = JSON.stringify('12345678'.repeat(maxResultBytes / 16));
  expect(maskedMessage({ type: 'completed', number: 1, result, residentBytes: 2 }, short)).toMatchObject({
    type: 'failed',
    number: 1,
    failure: { type: 'ResultTooLarge', retryable: false },
    residentBytes: 2,
  });
  const failure = { type: 'Error', message: '12345678'.repeat(200), retryable: true, deliberate: false };
  const failed = maskedMessage({ type: 'failed', number: 1, failure, residentBytes: 2 }, short);
  const { message } = failed.type === 'failed' ? failed.failure : failure;
  expect(message).toMatch(/^\[secret with-a-long-name\]\[.*…$/);
  expect(Buffer.byteLength(message)).toBeLessThanOrEqual(maxErrorMessageBytes);
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
