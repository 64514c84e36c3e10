import { useMemo } from 'preact/hooks';
import uPlot from 'uplot';
import type { Overview } from '../../client/index.ts';
import { count, duration, plural } from '../format.ts';
import type { Range } from './data.ts';
import { axes, type MakeOptions, Plot } from './plot.tsx';

type Bucket = Overview['buckets'][number];

const timeFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const weekdayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric' });
const dayFormat = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

/** From when to when a bucket goes, in the viewer's zone. */
function spanText(fromSeconds: number, seconds: number, range: Range): string {
  const format = range === 'hour' ? timeFormat : dayFormat;
  return `${format.format(fromSeconds * 1000)}–${timeFormat.format((fromSeconds + seconds) * 1000)}`;
}

/** How much a bucket is, and so how far the picture goes. */
interface TimeSpan {
  readonly scale: uPlot.Scale;
  readonly label: (seconds: number) => string;
}

/** @param before how much of its bucket lies before the place that stands for it, from 0 to 1. */
function timeSpan(seconds: number, range: Range, before: number): TimeSpan {
  const format = range === 'week' ? weekdayFormat : timeFormat;
  return {
    scale: { range: (_plot, from, to) => [from - seconds * before, to + seconds * (1 - before)] },
    label: (at) => format.format(at * 1000),
  };
}

const secondsOf = (iso: string): number => Date.parse(iso) / 1000;

const outcomes = [
  ['completed', 'Completed'],
  ['failed', 'Failed'],
  ['cancelled', 'Cancelled'],
] as const satisfies readonly (readonly [keyof Bucket, string])[];

const bars = uPlot.paths.bars?.({ size: [0.72, 48], align: 1, radius: 0.08 });

/** Stacked: the highest sum is drawn first, so that the others stand in front of it. */
const outcomeOptions =
  (span: TimeSpan): MakeOptions =>
  (colour) => ({
    ...common,
    scales: { x: span.scale, y: wholeNumbers },
    axes: axes(colour, span.label),
    series: [
      {},
      ...['cancelled', 'failed', 'completed'].map((name) => ({
        fill: colour(`plot-${name}`),
        width: 0,
        points: { show: false },
        ...(bars ? { paths: bars } : {}),
      })),
    ],
  });

export function OutcomeChart({ overview, range }: { overview: Overview; range: Range }) {
  const { buckets, bucket_seconds: seconds } = overview;
  const data = useMemo<uPlot.AlignedData>(
    () => [
      buckets.map(({ from }) => secondsOf(from)),
      buckets.map(({ completed, failed, cancelled }) => completed + failed + cancelled),
      buckets.map(({ completed, failed }) => completed + failed),
      buckets.map(({ completed }) => completed),
    ],
    [buckets],
  );
  const options = useMemo(() => outcomeOptions(timeSpan(seconds, range, 0)), [seconds, range]);
  const total = buckets.reduce((sum, each) => sum + each.completed + each.failed + each.cancelled, 0);
  const words = (bucket: Bucket): string =>
    outcomes.map(([field, label]) => `${count(bucket[field])} ${label.toLowerCase()}`).join(', ');
  return (
    <Plot
      title="Outcomes"
      summary={`${plural(total, 'run')} ended, ${perTime(total, overview)}`}
      data={data}
      options={options}
      describe={(index) => {
        const bucket = buckets[index];
        return bucket ? `${spanText(secondsOf(bucket.from), seconds, range)}: ${words(bucket)}` : '';
      }}
      legend={
        <ul class="legend">
          {outcomes.map(([field, label]) => (
            <li key={field} class={`legend-${field}`}>
              {label}
            </li>
          ))}
        </ul>
      }
      table={
        <Table
          caption="Outcomes"
          heads={['Time', ...outcomes.map(([, label]) => label)]}
          rows={buckets.map((bucket) => [
            spanText(secondsOf(bucket.from), seconds, range),
            ...outcomes.map(([field]) => count(bucket[field])),
          ])}
        />
      }
    />
  );
}

/** Throughput, in a unit in which it is a number one can grasp. */
function perTime(total: number, { from, now }: Overview): string {
  const minutes = (Date.parse(now) - Date.parse(from)) / 60_000;
  const perMinute = total / minutes;
  if (perMinute >= 60) return `${(perMinute / 60).toFixed(1)} a second`;
  return perMinute >= 1 ? `${perMinute.toFixed(1)} a minute` : `${(perMinute * 60).toFixed(1)} an hour`;
}

const percentiles = [
  ['p50', 'Median', 'running'],
  ['p95', '95th percentile', 'pending'],
] as const;

/** Seconds, minutes, hours and days, where the decimal steps of numbers would be odd. */
const niceSpans = [
  0.05,
  0.1,
  0.2,
  0.5,
  1,
  2,
  5,
  10,
  15,
  30,
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60),
  ...[1, 2, 4, 6, 12, 24, 48, 96, 240, 480, 960].map((hours) => hours * 3600),
];

const latenessOptions =
  (span: TimeSpan): MakeOptions =>
  (colour) => ({
    ...common,
    scales: { x: span.scale, y: { range: (_plot, _least, most) => [0, Math.max(most * 1.1, 1)] } },
    axes: axes(colour, span.label, {
      values: (_plot, values) => values.map((value) => duration(value * 1000, { whole: value >= 10 })),
      incrs: niceSpans,
      size: 64,
    }),
    series: [
      {},
      ...percentiles.map(([, , name]) => ({
        stroke: colour(name),
        width: 2,
        points: { show: true, size: 6, fill: colour(name) },
      })),
    ],
  });

export function LatenessChart({ overview, range }: { overview: Overview; range: Range }) {
  const { buckets, bucket_seconds: seconds } = overview;
  const data = useMemo<uPlot.AlignedData>(
    () => [
      // In the middle of what they tell of.
      buckets.map(({ from }) => secondsOf(from) + seconds / 2),
      ...percentiles.map(([field]) => buckets.map(({ lateness }) => lateness?.[field] ?? null)),
    ],
    [buckets, seconds],
  );
  const options = useMemo(() => latenessOptions(timeSpan(seconds, range, 0.5)), [seconds, range]);
  const words = ({ lateness }: Bucket): string =>
    lateness
      ? `${percentiles.map(([field, label]) => `${label} ${span(lateness[field])}`).join(', ')}, at most ${span(lateness.max)} (${plural(lateness.count, 'run')} looked at)`
      : 'nothing began';
  const worst = Math.max(...buckets.map(({ lateness }) => lateness?.max ?? -1));
  return (
    <Plot
      title="Lateness"
      summary={worst < 0 ? 'Nothing has begun in this time' : `At most ${span(worst)} after their time`}
      data={data}
      options={options}
      describe={(index) => {
        const bucket = buckets[index];
        return bucket ? `${spanText(secondsOf(bucket.from), seconds, range)}: ${words(bucket)}` : '';
      }}
      legend={
        <ul class="legend">
          {percentiles.map(([field, label]) => (
            <li key={field} class={`legend-${field}`}>
              {label}
            </li>
          ))}
        </ul>
      }
      table={
        <Table
          caption="Lateness: how long after its time a task began"
          heads={['Time', 'Lateness']}
          rows={buckets.map((bucket) => [spanText(secondsOf(bucket.from), seconds, range), words(bucket)])}
        />
      }
    />
  );
}

const span = (seconds: number): string => duration(seconds * 1000);

const dueOptions =
  (span: TimeSpan): MakeOptions =>
  (colour) => ({
    ...common,
    scales: { x: span.scale, y: wholeNumbers },
    axes: axes(colour, span.label),
    series: [
      {},
      {
        fill: colour('plot-scheduled'),
        width: 0,
        points: { show: false },
        ...(bars ? { paths: bars } : {}),
      },
    ],
  });

export function DueChart({ overview }: { overview: Overview }) {
  const { due } = overview;
  const data = useMemo<uPlot.AlignedData>(
    () => [due.counts.map((_, index) => secondsOf(due.from) + index * due.bucket_seconds), [...due.counts]],
    [due],
  );
  const options = useMemo(() => dueOptions(timeSpan(due.bucket_seconds, 'hour', 0)), [due.bucket_seconds]);
  const words = (index: number): string => {
    const from = secondsOf(due.from) + index * due.bucket_seconds;
    return `${spanText(from, due.bucket_seconds, 'hour')}: ${plural(due.counts[index] ?? 0, 'task')}`;
  };
  return (
    <Plot
      title="Due in the next hour"
      summary={plural(due.total, 'task')}
      data={data}
      options={options}
      describe={words}
      table={
        <ul>
          {due.counts.map((_, index) => (
            <li key={index}>{words(index)}</li>
          ))}
        </ul>
      }
    />
  );
}

/** Of all pictures: one points at a place, and nothing is zoomed or selected. */
const common = {
  legend: { show: false },
  cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
} as const satisfies Partial<uPlot.Options>;

/** Numbers of tasks: from nothing to at least four, so that one task is no tower. */
const wholeNumbers: uPlot.Scale = {
  range: (_plot, _least, most) => [0, Math.max(4, Math.ceil(most * 1.1))],
};

function Table({
  caption,
  heads,
  rows,
}: {
  caption: string;
  heads: readonly string[];
  rows: readonly (readonly string[])[];
}) {
  return (
    <table>
      <caption>{caption}</caption>
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row[0]}>
            {row.map((cell, index) => (
              <td key={index}>{cell}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
