import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Overview } from '../../client/index.ts';
import { duration, plural } from '../format.ts';
import type { Range } from './data.ts';
import { type MakeOptions, Plot, surroundings } from './plot.tsx';
import { middleOf, secondsOf, spanText, type TimeSpan, timeSpan } from './time-span.ts';

type Lateness = Overview['buckets'][number]['lateness'];

const percentiles = [
  ['p50', 'Median', 'running'],
  ['p95', '95th percentile', 'pending'],
] as const;

/** Axis steps in seconds: round seconds, minutes, hours and days, where decimal steps would look odd. */
const steps = [
  0.05,
  0.1,
  0.2,
  0.5,
  ...[1, 2, 5, 10, 15, 30].flatMap((seconds) => [seconds, seconds * 60]),
  ...[1, 2, 4, 6, 12, 24, 48, 96, 240, 480, 960].map((hours) => hours * 3600),
].sort((a, b) => a - b);

const optionsOf =
  (span: TimeSpan): MakeOptions =>
  (colour) => ({
    scales: { x: span.scale, y: { range: (_plot, _least, most) => [0, Math.max(most * 1.1, 1)] } },
    ...surroundings(colour, span.label, {
      values: (_plot, values) => values.map((value) => duration(value * 1000, { whole: value >= 10 })),
      incrs: steps,
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

/** Lateness of runs: the time from their scheduled time to their start. */
export function LatenessChart({ overview, range }: { overview: Overview; range: Range }) {
  const { buckets, bucket_seconds: seconds } = overview;
  const data = useMemo<uPlot.AlignedData>(
    () => [
      buckets.map(({ from }) => middleOf(secondsOf(from), seconds)),
      ...percentiles.map(([field]) => buckets.map(({ lateness }) => lateness?.[field] ?? null)),
    ],
    [buckets, seconds],
  );
  const options = useMemo(() => optionsOf(timeSpan(seconds, range)), [seconds, range]);
  return (
    <Plot
      title="Lateness"
      summary={summaryOf(buckets.flatMap(({ lateness }) => lateness ?? []))}
      data={data}
      options={options}
      legend={percentiles}
      heads={['Time', 'Lateness']}
      rows={buckets.map(({ from, lateness }) => {
        const words = wordsOf(lateness);
        return { time: spanText(secondsOf(from), seconds, range), cells: [words], words };
      })}
    />
  );
}

const inWords = (seconds: number): string => duration(seconds * 1000);

function summaryOf(measured: readonly NonNullable<Lateness>[]): string {
  if (measured.length === 0) return 'No run that ended in this period had started';
  const most = inWords(Math.max(...measured.map(({ max }) => max)));
  if (!measured.some(({ sampled }) => sampled)) return `Started at most ${most} late`;
  const runs = measured.reduce((sum, { count }) => sum + count, 0);
  return `In a sample of ${plural(runs, 'run')}, started at most ${most} late`;
}

function wordsOf(lateness: Lateness): string {
  if (!lateness) return 'no runs to measure';
  const parts = percentiles.map(([field, label]) => `${label} ${inWords(lateness[field])}`);
  const runs = plural(lateness.count, 'run');
  const of = lateness.sampled ? `a sample of ${runs}` : runs;
  return `${parts.join(', ')}, at most ${inWords(lateness.max)} (${of})`;
}
