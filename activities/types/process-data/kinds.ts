/** Kind of a single value. A column has a kind if all its values have it; otherwise it is a column of strings. */
export type Kind = 'number' | 'boolean' | 'date' | 'string';

const number = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;
const date =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:Z|([+-])(\d\d)(?::?(\d\d))?)?)?$/;

/** Returns whether a text has nothing but blanks: spaces, tabs, no-break spaces. */
export function isBlank(text: string): boolean {
  const first = text.charCodeAt(0);
  // Nearly all texts begin with a visible character of ASCII, and `trim` takes longer.
  return !(first > 0x20 && first < 0x7f) && text.trim() === '';
}

/** Returns the kind of a text, a CSV field for instance. Spaces around it don't matter. */
export function kindOfText(text: string): Kind {
  const trimmed = text.trim();
  if (isNumber(trimmed)) return 'number';
  if (isBoolean(trimmed)) return 'boolean';
  return instantOf(trimmed) === undefined ? 'string' : 'date';
}

/**
 * Returns whether a text is a number. `00501`, `+4930123456` and integers beyond 2^53 look like numbers, but
 * are identifiers (zip codes, telephone numbers, snowflakes) that arithmetic would corrupt.
 */
function isNumber(text: string): boolean {
  if (!number.test(text) || /^-?0\d/.test(text)) return false;
  const value = Number(text);
  return Number.isFinite(value) && (Number.isSafeInteger(value) || !/^-?\d+$/.test(text));
}

function isBoolean(text: string): boolean {
  return (text.length === 4 || text.length === 5) && /^(?:true|false)$/i.test(text);
}

/** Returns the instant of an ISO 8601 date or date-time, in ms since 1970; without an offset, it is in UTC. */
export function instantOf(text: string): number | undefined {
  const parts = date.exec(text.trim());
  if (parts === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const midnight = new Date(0);
  midnight.setUTCFullYear(year, month - 1, day);
  // Date would turn 30 February into 1 March; a value that doesn't come back unchanged is not a date.
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const [offsetHour, offsetMinute] = [Number(parts[9] ?? 0), Number(parts[10] ?? 0)];
  if (offsetHour > 23 || offsetMinute > 59) return undefined;
  const offsetMinutes = (parts[8] === '-' ? -1 : 1) * (offsetHour * 60 + offsetMinute);
  const fractionMs = Number(`0.${parts[7] ?? 0}`) * 1000;
  return midnight.getTime() + ((hour * 60 + minute - offsetMinutes) * 60 + second) * 1000 + fractionMs;
}

/** Returns one spelling per value: `1`, `1.0` and ` 1e0` are one number, `TRUE` and `true` one boolean. */
export function canonical(kind: Kind, text: string): string {
  if (kind === 'number') return String(Number(text));
  return kind === 'boolean' ? text.trim().toLowerCase() : text;
}
