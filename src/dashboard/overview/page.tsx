import type { Overview } from '../../client/index.ts';
import { useDashboard, useWork } from '../dashboard.ts';
import { explain } from '../page-messages.ts';
import { useTitle } from '../parts/title.ts';
import { useResource } from '../parts/use-resource.ts';
import { useCounts, useReturns } from '../tasks/use-list.ts';
import { createOverviewData, type Range } from './data.ts';
import { DueChart } from './due-chart.tsx';
import { Health } from './health.tsx';
import { LatenessChart } from './lateness-chart.tsx';
import { OutcomeChart } from './outcome-chart.tsx';
import { Tiles } from './tiles.tsx';

const ranges: readonly (readonly [Range, string])[] = [
  ['hour', 'Hour'],
  ['day', 'Day'],
  ['week', 'Week'],
];

/** The state of the service as a whole. */
export function OverviewPage() {
  useTitle('Overview');
  const { router } = useDashboard();
  const asked = router.url.value.searchParams.get('range');
  const range = ranges.find(([name]) => name === asked)?.[0] ?? 'hour';
  const { overview, failure } = useOverview(range);
  const counts = useCounts({});
  const { connection, temporal } = useWork().live;
  const isReachable = connection.value !== 'lost' && temporal.value === 'reachable';
  return (
    <section class="page">
      <div class="page-head">
        <h1 tabIndex={-1}>Overview</h1>
        <RangeChoice range={range} />
      </div>
      {failure !== undefined && (
        <p class="problem" role="alert">
          {explain(failure)}
        </p>
      )}
      <Tiles counts={counts?.counts.value} overview={overview} range={range} />
      {overview && (
        <div class="overview-grid">
          <OutcomeChart overview={overview} range={range} />
          <LatenessChart overview={overview} range={range} />
          <DueChart overview={overview} />
          <Health overview={overview} isCurrent={failure === undefined && isReachable} />
        </div>
      )}
    </section>
  );
}

function useOverview(range: Range): { overview: Overview | undefined; failure: unknown } {
  const { client } = useDashboard();
  const data = useResource(() => createOverviewData({ client, range }), [client, range]);
  useReturns(() => data?.refresh());
  return { overview: data?.overview.value, failure: data?.failure.value };
}

function RangeChoice({ range }: { range: Range }) {
  return (
    <nav class="choice" aria-label="Time range">
      {ranges.map(([name, label]) => (
        <a
          key={name}
          href={name === 'hour' ? '/' : `/?range=${name}`}
          aria-current={name === range ? 'true' : undefined}
        >
          {label}
        </a>
      ))}
    </nav>
  );
}
