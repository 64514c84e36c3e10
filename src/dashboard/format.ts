/** Numbers and times as people read them, in the viewer's language of numbers and zone. */

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * A span of time, in its two greatest units: `1.2 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`.
 *
 * @param options.whole no fractions of seconds, for what is counted down
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

/** As short as it can be said today: the time alone, or with its day, or with its year. */
export function shortTime(at: number, now: number): string {
  const [then, today] = [new Date(at), new Date(now)];
  if (then.toDateString() === today.toDateString()) return timeWithSeconds.format(then);
  const format = then.getFullYear() === today.getFullYear() ? dateFormat : datedFormat;
  return `${format.format(then)}, ${timeFormat.format(then)}`;
}

/** In the viewer's zone, with the instant as the interface has it. */
export function exactTime(iso: string): string {
  return `${exactFormat.format(new Date(iso))} (${iso})`;
}

/** What users have written, in a sentence of ours: whichever way it runs, it does not turn the rest about. */
export function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}

/** The name of a task in a sentence. */
export function quoted(name: string): string {
  return `“${isolated(name)}”`;
}

/** Enough of an id to tell it from others on the same page. */
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
