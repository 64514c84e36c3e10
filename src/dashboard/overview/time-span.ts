/** Time buckets, formatted for charts and text. */
import type uPlot from 'uplot';
import type { Range } from './data.ts';

const timeFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const weekdayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric' });
const dayFormat = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

export const secondsOf = (iso: string): number => Date.parse(iso) / 1000;

/** Returns the start and the end of a bucket, in the viewer's time zone. */
export function spanText(fromSeconds: number, seconds: number, range: Range): string {
  const format = range === 'hour' ? timeFormat : dayFormat;
  return `${format.format(fromSeconds * 1000)}–${timeFormat.format((fromSeconds + seconds) * 1000)}`;
}

/** The time scale of a chart, and the labels on it. */
export interface TimeSpan {
  readonly scale: uPlot.Scale;
  readonly label: (seconds: number) => string;
}

/**
 * Returns the instant that stands for a bucket in charts, in seconds: its middle. Charts take the point nearest to the
 * pointer, so the pointer then points at the bucket that it is in.
 */
export const middleOf = (fromSeconds: number, seconds: number): number => fromSeconds + seconds / 2;

/** Returns the scale of buckets that are represented by their middles. */
export function timeSpan(seconds: number, range: Range): TimeSpan {
  const format = range === 'week' ? weekdayFormat : timeFormat;
  return {
    scale: { range: (_plot, first, last) => [first - seconds / 2, last + seconds / 2] },
    label: (at) => format.format(at * 1000),
  };
}
