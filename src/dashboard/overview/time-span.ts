/** Buckets of time, as pictures and words have them. */
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

/** From when to when a bucket goes, in the viewer's zone. */
export function spanText(fromSeconds: number, seconds: number, range: Range): string {
  const format = range === 'hour' ? timeFormat : dayFormat;
  return `${format.format(fromSeconds * 1000)}–${timeFormat.format((fromSeconds + seconds) * 1000)}`;
}

/** How far a picture goes, and how its places are called. */
export interface TimeSpan {
  readonly scale: uPlot.Scale;
  readonly label: (seconds: number) => string;
}

/** @param before how much of its bucket lies before the place that stands for it, from 0 to 1. */
export function timeSpan(seconds: number, range: Range, before: number): TimeSpan {
  const format = range === 'week' ? weekdayFormat : timeFormat;
  return {
    scale: { range: (_plot, from, to) => [from - seconds * before, to + seconds * (1 - before)] },
    label: (at) => format.format(at * 1000),
  };
}
