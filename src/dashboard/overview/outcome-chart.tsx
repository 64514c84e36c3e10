import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Overview } from '../../client/index.ts';
import { count, plural } from '../format.ts';
import type { Range } from './data.ts';
import { type MakeOptions, Plot, surroundings } from './plot.tsx';
import { bars, wholeNumbers, wholeSteps } from './series.ts';
import { middleOf, secondsOf, spanText, type TimeSpan, timeSpan } from './time-span.ts';

type Bucket = Overview['buckets'][number];

const outcomes = [
  ['completed', 'Completed'],
  ['failed', 'Failed'],
  ['cancelled', 'Cancelled'],
] as const satisfies readonly (readonly [keyof Bucket, string])[];

/** Stacked: the highest sum is drawn first, and the others in front of it. */
const optionsOf =
  (span: TimeSpan): MakeOptions =>
  (colour) => ({
    scales: { x: span.scale, y: wholeNumbers },
    ...surroundings(colour, span.label, wholeSteps),
    series: [{}, ...['cancelled', 'failed', 'completed'].map((name) => bars(colour, name))],
  });

/** Number of runs that ended in each bucket, by outcome. */
export function OutcomeChart({ overview, range }: { overview: Overview; range: Range }) {
  const { buckets, bucket_seconds: seconds } = overview;
  const data = useMemo<uPlot.AlignedData>(
    () => [
      buckets.map(({ from }) => middleOf(secondsOf(from), seconds)),
      buckets.map(({ completed, failed, cancelled }) => completed + failed + cancelled),
      buckets.map(({ completed, failed }) => completed + failed),
      buckets.map(({ completed }) => completed),
    ],
    [buckets, seconds],
  );
  const options = useMemo(() => optionsOf(timeSpan(seconds, range)), [seconds, range]);
  const total = buckets.reduce((sum, each) => sum + each.completed + each.failed + each.cancelled, 0);
  return (
    <Plot
      title="Outcomes"
      summary={`${plural(total, 'run')} ended, ${perTime(total, overview)}`}
      data={data}
      options={options}
      legend={outcomes}
      heads={['Time', ...outcomes.map(([, label]) => label)]}
      rows={buckets.map((bucket) => ({
        time: spanText(secondsOf(bucket.from), seconds, range),
        cells: outcomes.map(([field]) => count(bucket[field])),
        words: outcomes.map(([field, label]) => `${count(bucket[field])} ${label.toLowerCase()}`).join(', '),
      }))}
    />
  );
}

/** Returns the throughput, in the unit that gives a readable number. */
function perTime(total: number, { from, now }: Overview): string {
  const minutes = (Date.parse(now) - Date.parse(from)) / 60_000;
  const perMinute = total / minutes;
  if (perMinute >= 60) return `${(perMinute / 60).toFixed(1)} per second`;
  return perMinute >= 1 ? `${perMinute.toFixed(1)} per minute` : `${(perMinute * 60).toFixed(1)} per hour`;
}
