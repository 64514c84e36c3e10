import { z } from 'zod';

const pattern =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:([Zz])|([+-])(\d{2})(?::?(\d{2}))?)$/;

const wrongFormat =
  'Datetime has wrong format. Use one of these formats instead: ' +
  'YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].';

/**
 * Parses an RFC 3339 date and time strictly (seconds are optional, the offset is not, and may be written as in ISO
 * 8601: `+0100`, `+01`). A day that does not exist is rejected, where `Date` would roll it over.
 * @returns milliseconds since the epoch, finer fractions rounded up; undefined if the text is not a valid instant.
 */
export function parseInstant(text: string): number | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second = '00', fraction = '', , sign, offsetHour, offsetMinute] =
    match;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const utc = Date.parse(`${local}Z`);
  if (Number.isNaN(utc) || new Date(utc).toISOString().slice(0, 19) !== local) return undefined;
  if (Number(offsetHour ?? 0) > 23 || Number(offsetMinute ?? 0) > 59) return undefined;
  const offset = (Number(offsetHour ?? 0) * 60 + Number(offsetMinute ?? 0)) * 60_000;
  const millis = Math.ceil(Number(fraction.padEnd(9, '0').slice(0, 9)) / 1_000_000);
  const at = utc + millis - (sign === '-' ? -offset : offset);
  // The offset can move an instant outside the years that RFC 3339 can express.
  const inUtc = new Date(at).getUTCFullYear();
  return inUtc >= 1 && inUtc <= 9999 ? at : undefined;
}

/** An instant in any form that clients may write. Parsed to the form of {@link instant}. */
export const instantInput = z
  .string({ error: (issue) => (issue.input === undefined ? 'This field is required.' : wrongFormat) })
  .max(64, wrongFormat)
  .transform((text, context) => {
    const ms = parseInstant(text);
    if (ms !== undefined) return new Date(ms).toISOString();
    const message = hasNoOffset(text)
      ? 'Datetime has no offset. End it with Z or an offset such as +05:30.'
      : hasLostPlus(text)
        ? 'Datetime has a space before its offset. In a URL, write the plus as %2B.'
        : wrongFormat;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  })
  .meta({ type: 'string', format: 'date-time', examples: ['2030-01-31T09:30:00Z'] });

/** An instant as the API writes it: in UTC, with milliseconds. */
export const instant = z.string().meta({ format: 'date-time', examples: ['2030-01-31T09:30:00.000Z'] });

/** Returns whether a plus before the offset has become a space, as it does in the query of a URL. */
function hasLostPlus(text: string): boolean {
  return parseInstant(text.replace(/ (\d\d(?::?\d\d)?)$/, '+$1')) !== undefined;
}

function hasNoOffset(text: string): boolean {
  return parseInstant(`${text}Z`) !== undefined;
}
