const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const month = `(?<month>${months.join('|')})`;
const time = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;

/** The forms of a date in HTTP (RFC 9110, section 5.6.7). All are in UTC. */
const forms = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(String.raw`^[A-Z][a-z]{2}, (?<day>\d\d) ${month} (?<year>\d{4}) ${time} GMT$`),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(String.raw`^[A-Z][a-z]{5,8}, (?<day>\d\d)-${month}-(?<year>\d\d) ${time} GMT$`),
  // Sun Nov  6 08:49:37 1994
  new RegExp(String.raw`^[A-Z][a-z]{2} ${month} (?<day>[ \d]\d) ${time} (?<year>\d{4})$`),
];

/**
 * Reads a date of HTTP.
 * @param now the present, in milliseconds: a year of two digits is at most 50 years ahead of it
 * @returns milliseconds since 1970; undefined if the text is no such date.
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  const parts = forms.map((form) => form.exec(text)?.groups).find((groups) => groups !== undefined);
  if (parts === undefined) return undefined;
  const [day, hour, minute, second] = [parts['day'], parts['hour'], parts['minute'], parts['second']].map(
    Number,
  );
  const index = months.findIndex((name) => name === parts['month']);
  const year = fullYear(parts['year'] ?? '', now);
  const at = Date.UTC(year, index, day, hour, minute, second);
  // Date.UTC takes 31 February for 3 March, and a leap second, which is allowed, for the next second.
  return new Date(Date.UTC(year, index, day)).getUTCDate() === day ? at : undefined;
}

function fullYear(digits: string, now: number): number {
  if (digits.length > 2) return Number(digits);
  const thisYear = new Date(now).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + Number(digits);
  return year > thisYear + 50 ? year - 100 : year;
}
