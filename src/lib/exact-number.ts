/**
 * Returns whether a JSON number keeps its value when JavaScript reads it: 1.0, 1e2 and 0.30000000000000004 do,
 * 9007199254740993, 0.1234567890123456789 and 1e999 do not.
 */
export function isExactNumber(text: string): boolean {
  const read = Number(text);
  // No number at all: its parser says so.
  if (Number.isNaN(read)) return true;
  if (!Number.isFinite(read)) return false;
  if (isSameDecimal(text, String(read))) return true;
  // Some languages write a fraction with 17 digits. To them, and to every reader of the double, it is the same number.
  return !Number.isInteger(read) && isSameDecimal(text, read.toPrecision(17));
}

function isSameDecimal(a: string, b: string): boolean {
  return a === b || normalized(a) === normalized(b);
}

/** Returns the sign, the significant digits and the exponent of a decimal number, the same for all its notations. */
function normalized(text: string): string {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.slice(sign.length).split('.');
  const digits = whole + fraction;
  const significant = withoutTrailingZeros(digits);
  const scale = Number(exponent) - fraction.length + digits.length - significant.length;
  const leading = significant.search(/[1-9]/);
  return leading === -1 ? '0' : `${sign}${significant.slice(leading)}e${scale}`;
}

/** A regular expression would take quadratic time on a long run of zeros that does not end the text. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}
