import { useState } from 'preact/hooks';
import { count, plural } from '../format.ts';
import type { Column, DataResult, Histogram } from './data-result.ts';
import type { Scalar } from './unknown.ts';

const most = 30;
const maxTop = 5;

export function DataResultView({ data }: { data: DataResult }) {
  const [showsAll, setShowsAll] = useState(false);
  const columns = showsAll ? data.columns : data.columns.slice(0, most);
  const isCut = columns.length < data.columns.length;
  return (
    <div class="data">
      <p>
        {data.rows !== undefined && (
          <>
            <strong>{plural(data.rows, 'row')}</strong>,{' '}
          </>
        )}
        <strong>{plural(data.columns.length, 'column')}</strong>
        {data.message !== undefined && <span class="quiet"> · {data.message}</span>}
      </p>
      <ul class="plain data-columns">
        {columns.map((column) => (
          <ColumnCard key={column.name} column={column} rows={data.rows} />
        ))}
      </ul>
      {isCut && (
        <button type="button" class="small" onClick={() => setShowsAll(true)}>
          Show all {count(data.columns.length)} columns
        </button>
      )}
    </div>
  );
}

function ColumnCard({ column, rows }: { column: Column; rows: number | undefined }) {
  const { name, type, missing, histogram } = column;
  const all = rows ?? column.count + missing;
  return (
    <li class="data-column">
      <h3>
        <span>{name === '' ? '(no name)' : name}</span> <span class="data-type">{type}</span>
      </h3>
      <div class="data-filled">
        <Bar share={all === 0 ? 0 : column.count / all} />
        <span class="quiet">
          {missing === 0 ? 'none missing' : `${count(missing)} of ${count(all)} missing`}
        </span>
      </div>
      {histogram && <HistogramPicture histogram={histogram} name={name} />}
      <Figures column={column} />
      <Top column={column} />
    </li>
  );
}

const figureWords: Readonly<Record<string, string>> = { p50: 'median', p95: '95th percentile' };

function Figures({ column: { count: values, distinct, figures, approximate } }: { column: Column }) {
  const all: readonly (readonly [string, Scalar])[] = [
    ['count', values],
    ...(distinct === undefined ? [] : [['distinct', distinct] as const]),
    ...figures,
  ];
  return (
    <dl class="data-figures">
      {all.map(([figure, value]) => (
        <div
          key={figure}
          class={typeof value === 'string' || figure === 'p95' ? 'data-figure-wide' : undefined}
        >
          <dt>{figureWords[figure] ?? figure}</dt>
          <dd title={String(value)}>
            {approximate.has(figure) && <span title="An estimate">≈ </span>}
            {shown(value)}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Top({ column: { top, count: values, approximate } }: { column: Column }) {
  // If every value occurs only once, a ranking says nothing.
  if (top.every(({ count }) => count <= 1)) return null;
  const greatest = Math.max(1, ...top.map(({ count }) => count));
  return (
    <div>
      <p class="data-label">Most frequent{approximate.has('top') && ' (estimated)'}</p>
      <ul class="plain data-top">
        {top.slice(0, maxTop).map(({ value, count: times }) => (
          <li key={`${typeof value} ${String(value)}`}>
            <span class="data-value" title={String(value)}>
              {value === '' ? '(empty)' : String(value)}
            </span>
            <span class="data-times" title={`${percent(times, values)} of the values`}>
              {count(times)}
            </span>
            <Bar share={times / greatest} />
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Draws a bar that only repeats the figures beside it, so screen readers skip it. */
function Bar({ share }: { share: number }) {
  return (
    <span class="bar" aria-hidden="true">
      <span style={{ width: `${Math.min(1, Math.max(0, share)) * 100}%` }} />
    </span>
  );
}

const height = 40;

function HistogramPicture({ histogram: { from, to, counts }, name }: { histogram: Histogram; name: string }) {
  const greatest = Math.max(...counts);
  const peak = counts.indexOf(greatest);
  const edge = (index: number): string => edgeOf({ from, to, counts }, index);
  const label =
    `Distribution of ${name}: ${plural(counts.length, 'range')} from ${shown(from)} to ${shown(to)}, ` +
    `most values (${count(greatest)}) from ${edge(peak)} to ${edge(peak + 1)}`;
  return (
    <figure class="histogram">
      <svg
        viewBox={`0 0 ${counts.length} ${height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={label}
      >
        {counts.map((value, index) => {
          // A single value must be visible beside thousands.
          const tall = value === 0 ? 0 : Math.max(1, (value / greatest) * height);
          return (
            <rect key={index} x={index + 0.06} y={height - tall} width={0.88} height={tall}>
              <title>{`${edge(index)} to ${edge(index + 1)}: ${count(value)}`}</title>
            </rect>
          );
        })}
      </svg>
      <figcaption aria-hidden="true">
        <span>{shown(from)}</span>
        <span>{shown(to)}</span>
      </figcaption>
    </figure>
  );
}

const dayMs = 86_400_000;

/** Returns the value at which a range starts and the one before it ends. */
function edgeOf({ from, to, counts }: Histogram, index: number): string {
  const part = index / counts.length;
  // Weighs each end separately, since the difference of two numbers can exceed the largest number.
  if (typeof from === 'number' && typeof to === 'number') return shown(from * (1 - part) + to * part);
  const [first, last] = [Date.parse(String(from)), Date.parse(String(to))];
  if (Number.isNaN(first) || Number.isNaN(last)) return `${Math.round(part * 100)}%`;
  const at = new Date(first + (last - first) * part).toISOString();
  return last - first > counts.length * dayMs ? at.slice(0, 10) : at;
}

const precise = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 5 });
const scientific = new Intl.NumberFormat(undefined, { notation: 'scientific', maximumSignificantDigits: 4 });

function shown(value: Scalar): string {
  if (typeof value !== 'number') return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e12 || size < 1e-4)) return scientific.format(value);
  return Number.isInteger(value) ? count(value) : precise.format(value);
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '0%' : `${precise.format((part / whole) * 100)}%`;
}
