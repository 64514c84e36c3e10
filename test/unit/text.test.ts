import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeMarkup, truncateBytes, truncateCharacters } from '../../src/contract/text.ts';

/** Any UTF-16: whole characters of all lengths, and lone surrogates. */
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), loneSurrogates());

function loneSurrogates(): fc.Arbitrary<string> {
  const unit = fc.oneof(fc.integer({ min: 0xd800, max: 0xdfff }), fc.integer({ min: 0, max: 0xffff }));
  return fc.array(unit).map((units) => String.fromCharCode(...units));
}

describe('truncateBytes', () => {
  /** The ellipsis that marks a cut takes three bytes itself. */
  const limits = fc.integer({ min: 3, max: 60 });

  test('never exceeds its limit', () => {
    const bounded = fc.property(anyText, limits, (text, limit) => {
      expect(Buffer.byteLength(truncateBytes(text, limit))).toBeLessThanOrEqual(limit);
    });
    fc.assert(bounded, { numRuns: 1000 });
  });

  test('keeps whole characters from the start, as many as fit with the ellipsis', () => {
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

  test('leaves a text that fits unchanged', () => {
    const untouched = fc.property(anyText, fc.nat(5), (text, more) => {
      expect(truncateBytes(text, Buffer.byteLength(text) + more)).toBe(text);
    });
    fc.assert(untouched, { numRuns: 1000 });
  });

  test.each([
    ['keeps exactly as many bytes as the limit', '😀é', 6, '😀é'],
    ['cuts one byte more than the limit', '😀😀', 7, '😀…'],
    ['leaves out a character that the limit would split', 'a😀b', 5, 'a…'],
    ['keeps only the ellipsis if nothing else fits', '😀😀', 3, '…'],
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

test.each([
  ['<script>alert(1)</script>', '\\<script>alert(1)\\</script>'],
  ['![x](https://example.org/x.png)', '\\!\\[x](https://example.org/x.png)'],
  ['[here](javascript:alert(1))', '\\[here](javascript:alert(1))'],
  ['`code` & \\[', '\\`code\\` \\& \\\\\\['],
  ['Nightly: *all* sales_2', 'Nightly: *all* sales_2'],
])(
  'escapeMarkup leaves nothing in %j that would be rendered as HTML, a link or an image',
  (text, escaped) => {
    expect(escapeMarkup(text)).toBe(escaped);
  },
);
