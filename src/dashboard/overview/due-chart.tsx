import { useMemo } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Overview } from '../../client/index.ts';
import { plural } from '../format.ts';
import { type MakeOptions, Plot, surroundings } from './plot.tsx';
import { bars, wholeNumbers, wholeSteps } from './series.ts';
import { middleOf, secondsOf, spanText, type TimeSpan, timeSpan } from './time-span.ts';

const optionsOf =
  (span: TimeSpan): MakeOptions =>
  (colour) => ({
    scales: { x: span.scale, y: wholeNumbers },
    ...surroundings(colour, span.label, wholeSteps),
    series: [{}, bars(colour, 'scheduled')],
  });

/** Number of tasks that are due in the next hour. */
export function DueChart({ overview: { due } }: { overview: Overview }) {
  const { from, bucket_seconds: seconds, counts, total } = due;
  const places = useMemo(
    () => counts.map((_, index) => secondsOf(from) + index * seconds),
    [counts, from, seconds],
  );
  const data = useMemo<uPlot.AlignedData>(
    () => [places.map((at) => middleOf(at, seconds)), [...counts]],
    [places, counts, seconds],
  );
  const options = useMemo(() => optionsOf(timeSpan(seconds, 'hour')), [seconds]);
  return (
    <Plot
      title="Due in the next hour"
      summary={plural(total, 'task')}
      data={data}
      options={options}
      heads={['Time', 'Tasks']}
      rows={counts.map((number, index) => ({
        time: spanText(places[index] ?? 0, seconds, 'hour'),
        cells: [String(number)],
        words: plural(number, 'task'),
      }))}
    />
  );
}
