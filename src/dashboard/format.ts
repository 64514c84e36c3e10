/** Formats numbers and times for people, in the viewer's locale and time zone. */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * Formats a duration in its two largest units: `1.2 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`.
 *
 * @param options.whole omits fractions of a second, for countdowns
 */
export function duration(ms: number, { whole = false }: { whole?: boolean } = {}): string {
  const size = Math.max(0, ms);
  if (!whole && size < second) return `${Math.round(size)} ms`;
  if (!whole && size < 10 * second) return `${(Math.floor(size / 100) / 10).toFixed(1)} s`;
  if (size < minute) return `${Math.floor(size / second)} s`;
  if (size < hour) return two(size, [minute, 'min'], [second, 's']);
  if (size < day) return two(size, [hour, 'h'], [minute, 'min']);
  return two(size, [day, 'd'], [hour, 'h']);
}

type Unit = readonly [number, string];

function two(ms: number, [great, name]: Unit, [small, smallName]: Unit): string {
  const rest = Math.floor((ms % great) / small);
  return `${Math.floor(ms / great)} ${name}${rest === 0 ? '' : ` ${rest} ${smallName}`}`;
}

/** `in 3 min 20 s`, `5 s ago`, `now`. */
export function relative(at: number, now: number): string {
  const ms = at - now;
  if (Math.abs(ms) < second) return 'now';
  return ms > 0 ? `in ${duration(ms, { whole: true })}` : `${duration(-ms, { whole: true })} ago`;
}

const dateFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const datedFormat = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const timeFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const timeWithSeconds = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
});
const exactFormat = new Intl.DateTimeFormat(undefined, {
  dateStyle: 'full',
  timeStyle: 'long',
});

/**
 * Formats an instant as briefly as possible: the time alone if it is today, else with its day, or with its day
 * and year.
 */
export function shortTime(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)];
  if (then.toDateString() === today.toDateString()) return timeWithSeconds.format(then);
  const format = then.getFullYear() === today.getFullYear() ? dateFormat : datedFormat;
  return `${format.format(then)}, ${timeFormat.format(then)}`;
}

/** Formats an instant in the viewer's time zone, followed by the instant as in the API. */
export function exactTime(iso: string): string {
  return `${exactFormat.format(new Date(iso))} (${iso})`;
}

/** Isolates text from a user within a sentence, so that its writing direction does not affect the rest. */
export function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}

/** Quotes the name of a task for a sentence. */
export function quoted(name: string): string {
  return `“${isolated(name)}”`;
}

/** Returns enough of an id to distinguish it from others on the same page. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}

const number = new Intl.NumberFormat();

export function count(value: number): string {
  return number.format(value);
}

/** `1 task`, `2 tasks`, `1,000 tasks`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** Returns a text with exactly one full stop at its end, so that another sentence can follow it. */
export function sentence(text: string): string {
  const bare = text.replace(/[\s.]+$/, '');
  return bare === '' || /[!?…]$/.test(bare) ? bare : `${bare}.`;
}

/** Colours and other codes for terminals (ECMA-48), which some programs print wherever they run. */
const terminalCodes = new RegExp(
  String.raw`\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_].*?(?:\u0007|\u001b\\)|[ -/]+[0-~]|[@-Z])`,
  'gu',
);

export function withoutTerminalCodes(text: string): string {
  return text.replaceAll(terminalCodes, '');
}
