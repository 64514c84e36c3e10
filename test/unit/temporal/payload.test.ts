/** What is read of the payloads that workers and others have written. */
import { defaultPayloadConverter } from '@temporalio/common';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decode } from '../../../src/temporal/payload.ts';

const encoded = (value: unknown) => defaultPayloadConverter.toPayload(value);

test('a payload of JSON is read as it was written, whatever its characters', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
      // JSON has no negative zero.
      expect(decode(encoded(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('a part of a larger buffer is read alone', () => {
  const whole = Buffer.from('[1][2][3]');
  expect(decode({ ...encoded([]), data: whole.subarray(3, 6) })).toEqual([2]);
});

test.each([
  ['no payload', undefined],
  ['a payload without data', { metadata: encoded(1)?.metadata ?? {} }],
  ['a payload without an encoding', { data: Buffer.from('1') }],
  ['another encoding', { metadata: { encoding: Buffer.from('binary/encrypted') }, data: Buffer.from('1') }],
  ['text that is not JSON', { ...encoded(1), data: Buffer.from('{') }],
  ['bytes', encoded(new Uint8Array([1, 2]))],
  ['nothing, as the SDK encodes it', encoded(undefined)],
])('%s counts as missing', (_what, payload) => {
  expect(decode(payload)).toBeUndefined();
});
