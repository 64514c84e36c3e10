import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { truncateBytes, truncateCharacters } from '../../src/contract/text.ts';

/** Any UTF-16 there may be: whole characters of all lengths, and halves of some. */
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), lonelyHalves());

function lonelyHalves(): fc.Arbitrary<string> {
  const unit = fc.oneof(fc.integer({ min: 0xd800, max: 0xdfff }), fc.integer({ min: 0, max: 0xffff }));
  return fc.array(unit).map((units) => String.fromCharCode(...units));
}

describe('truncateBytes', () => {
  /** The mark of a cut takes three bytes itself. */
  const limits = fc.integer({ min: 3, max: 60 });

  test('never exceeds its bytes', () => {
    const bounded = fc.property(anyText, limits, (text, limit) => {
      expect(Buffer.byteLength(truncateBytes(text, limit))).toBeLessThanOrEqual(limit);
    });
    fc.assert(bounded, { numRuns: 1000 });
  });

  test('keeps whole characters from the beginning, and as many as fit beside the mark', () => {
    const whole = fc.property(anyText, limits, (text, limit) => {
      const cut = truncateBytes(text, limit);
      if (cut === text) return;
      const kept = Array.from(cut.slice(0, -1));
      const characters = Array.from(text);
      expect(cut.endsWith('…')).toBe(true);
      expect(kept).toEqual(characters.slice(0, kept.length));
      const oneMore = characters.slice(0, kept.length + 1).join('');
      expect(Buffer.byteLength(oneMore) + 3).toBeGreaterThan(limit);
    });
    fc.assert(whole, { numRuns: 1000 });
  });

  test('leaves what fits exactly as it is', () => {
    const untouched = fc.property(anyText, fc.nat(5), (text, more) => {
      expect(truncateBytes(text, Buffer.byteLength(text) + more)).toBe(text);
    });
    fc.assert(untouched, { numRuns: 1000 });
  });

  test.each([
    ['exactly as many bytes as there may be', '😀é', 6, '😀é'],
    ['one byte more', '😀😀', 7, '😀…'],
    ['a character that the limit would split', 'a😀b', 5, 'a…'],
    ['a limit that only the mark meets', '😀😀', 3, '…'],
  ])('%s', (_what, text, limit, expected) => {
    expect(truncateBytes(text, limit)).toBe(expected);
  });
});

describe('truncateCharacters', () => {
  test('keeps the first characters, counted in code points, and splits none', () => {
    const cuts = fc.property(anyText, fc.nat(30), (text, limit) => {
      expect(Array.from(truncateCharacters(text, limit))).toEqual(Array.from(text).slice(0, limit));
    });
    fc.assert(cuts, { numRuns: 1000 });
  });

  test('counts an emoji as one character', () => {
    expect(truncateCharacters('😀'.repeat(201), 200)).toBe('😀'.repeat(200));
  });
});
