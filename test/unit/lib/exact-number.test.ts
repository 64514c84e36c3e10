import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isExactNumber } from '../../../src/lib/exact-number.ts';

describe('a number keeps its value when it is read', () => {
  test.each([
    '0',
    '-0',
    '0.0',
    '1.0',
    '1e2',
    '1E+2',
    '100e-2',
    '0.1',
    '0.30000000000000004',
    '9007199254740992',
    '9007199254740993000e-3'.replace('3000', '2000'),
    '123456789012345680000',
    '1.7976931348623157e308',
    '5e-324',
    '0.00000000000000000000000000000001',
    `1.${'0'.repeat(500)}`,
    // As C's %.17g, among others, writes 0.1 and 1/3.
    '0.10000000000000001',
    '0.33333333333333331',
  ])('%s does', (text) => {
    expect(isExactNumber(text)).toBe(true);
  });

  test.each([
    '9007199254740993',
    '18446744073709551616',
    '1610521604143693813',
    '9007199254740993.0',
    '9007199254740993e0',
    // The double is this number, but JavaScript writes it as 90071992547409940.
    '90071992547409936',
    '0.1234567890123456789',
    '1.00000000000000000001',
    '12345678901234.5678',
    '1e-400',
    '1e999',
    '-1e999',
  ])('%s does not', (text) => {
    expect(isExactNumber(text)).toBe(false);
  });

  test('in whatever notation a double is written', () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(double, (value) => {
        expect(isExactNumber(JSON.stringify(value))).toBe(true);
        expect(isExactNumber(value.toExponential())).toBe(true);
        expect(Number.isInteger(value) || isExactNumber(value.toPrecision(17))).toBe(true);
      }),
    );
  });

  test('exactly if it is a whole number that JavaScript writes with the same digits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), (value) => {
        expect(isExactNumber(String(value))).toBe(
          BigInt(Number(value).toLocaleString('fullwide', { useGrouping: false })) === value,
        );
      }),
    );
  });
});
