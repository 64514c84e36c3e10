import { useEffect, useMemo, useState } from 'preact/hooks';
import { count, plural } from '../format.ts';
import { Icon } from '../parts/icons.tsx';
import type { Column, DataResult } from './data-result.ts';
import { percent, shown } from './figure-text.ts';
import { HistogramPicture } from './histogram-picture.tsx';
import type { Scalar } from './unknown.ts';

/** Number of columns that are shown at first, and then added in each frame: all 1,000 at once take seconds. */
const atOnce = 30;
const maxTop = 5;

export function DataResultView({ data }: { data: DataResult }) {
  const { columns, rows, message } = data;
  // Created once: what is the same object is not rendered again when more are added.
  const cards = useMemo(
    () => columns.map((column) => <ColumnCard key={column.name} column={column} rows={rows} />),
    [columns, rows],
  );
  const { visible, showAll } = useGrowing(cards.length);
  return (
    <div class="data">
      <p>
        {rows !== undefined && (
          <>
            <strong>{plural(rows, 'row')}</strong>,{' '}
          </>
        )}
        <strong>{plural(columns.length, 'column')}</strong>
        {[message, ...formatOf(data)].map(
          (text) =>
            text !== undefined && (
              <span key={text} class="quiet">
                {' '}
                · {text}
              </span>
            ),
        )}
      </p>
      {data.warnings.length > 0 && (
        <ul class="plain data-warnings">
          {data.warnings.map((warning) => (
            <li key={warning}>
              <Icon name="warning" />
              <span>{warning}</span>
            </li>
          ))}
        </ul>
      )}
      <ul class="plain data-columns">{cards.slice(0, visible)}</ul>
      {showAll && (
        <button type="button" class="small" onClick={showAll}>
          Show all {count(columns.length)} columns
        </button>
      )}
    </div>
  );
}

/** Returns how many of `total` parts are visible, and what shows all of them, if they aren't. */
function useGrowing(total: number): { visible: number; showAll: (() => void) | undefined } {
  const [visible, setVisible] = useState(atOnce);
  const [showsAll, setShowsAll] = useState(false);
  const grows = showsAll && visible < total;
  useEffect(() => {
    if (!grows) return undefined;
    const frame = requestAnimationFrame(() => setVisible(visible + atOnce));
    return () => cancelAnimationFrame(frame);
  }, [grows, visible]);
  return { visible, showAll: showsAll || total <= atOnce ? undefined : () => setShowsAll(true) };
}

const delimiterWords: Readonly<Record<string, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'pipes',
};

/** Returns how the data were read, as far as it is known. */
function formatOf({ encoding, delimiter }: DataResult): string[] {
  return [
    ...(encoding === undefined ? [] : [encoding.toUpperCase()]),
    ...(delimiter === undefined ? [] : [`separated by ${delimiterWords[delimiter] ?? `“${delimiter}”`}`]),
  ];
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
