import { useEffect } from 'preact/hooks';
import { TaskbellError } from '../../client/index.ts';
import { explain } from '../page-messages.ts';
import { useMedia } from '../parts/use-media.ts';
import type { TaskList } from './list.ts';
import { TaskRow } from './row.tsx';
import type { TaskSelection } from './selection.ts';
import { useWindow } from './window.ts';

/** Row heights in pixels, the same as in tasks.css. */
const rowHeights = { wide: 60, narrow: 100 };
/** Maximum number of tags in a row: on a phone, a second one would rarely be whole. */
const maxTags = { phone: 1, other: 3 };
/** Number of rows before the end at which more are loaded. */
const ahead = 40;

/**
 * Renders only the rows near the visible part, so that thousands cost no more than tens. Uses roles instead of table
 * elements, which lose their own roles when CSS changes their layout.
 */
export function TaskTable({ list, selection }: { list: TaskList; selection: TaskSelection }) {
  const isNarrow = useMedia('(max-width: 56rem)');
  const isPhone = useMedia('(max-width: 40rem)');
  const rowHeight = isNarrow ? rowHeights.narrow : rowHeights.wide;
  const ids = list.ids.value;
  const { list: element, range } = useWindow(ids.length, rowHeight);
  const { first, end } = range.value;
  const isNearEnd = end + ahead >= ids.length;
  const { isLoading, isComplete, failure } = list;
  useEffect(() => {
    if (isNearEnd) list.more();
  }, [list, isNearEnd, ids.length, isLoading.value, isComplete.value]);
  if (ids.length === 0) return <NoRows list={list} />;
  return (
    <div class="table card" role="table" aria-label="Tasks" aria-rowcount={rowCount(list)}>
      <TableHead list={list} selection={selection} />
      <div role="rowgroup" ref={element} class="table-body" style={{ height: `${ids.length * rowHeight}px` }}>
        <div style={{ transform: `translateY(${first * rowHeight}px)` }}>
          {ids.slice(first, end).map((id, index) => {
            const row = list.row(id);
            // The header is row 1.
            return (
              row && (
                <TaskRow
                  key={id}
                  row={row}
                  position={first + index + 2}
                  selection={selection}
                  maxTags={isPhone ? maxTags.phone : maxTags.other}
                />
              )
            );
          })}
        </div>
      </div>
      {isLoading.value && <p class="table-foot quiet">Loading…</p>}
      {failure.value !== undefined && <Failure list={list} />}
    </div>
  );
}

/** Returns the number of rows, including the header; −1 if it is not known. */
function rowCount(list: TaskList): number {
  return list.isComplete.value ? list.ids.value.length + 1 : -1;
}

function TableHead({ list, selection }: { list: TaskList; selection: TaskSelection }) {
  const chosen = selection.ids.value.size;
  const isAll = chosen > 0 && chosen >= list.ids.value.length;
  return (
    <div role="rowgroup" class="table-head">
      <div role="row" aria-rowindex={1} class="row">
        <span role="columnheader" class="cell-check">
          <input
            type="checkbox"
            aria-label="Select all loaded tasks"
            checked={isAll}
            indeterminate={chosen > 0 && !isAll}
            onChange={() => (isAll ? selection.clear() : selection.takeLoaded())}
          />
        </span>
        <span role="columnheader">Task</span>
        <span role="columnheader">Status</span>
        <span role="columnheader">Scheduled time</span>
        <span role="columnheader">Lateness</span>
        <span role="columnheader">Attempt</span>
        <span role="columnheader">Now</span>
      </div>
    </div>
  );
}

function NoRows({ list }: { list: TaskList }) {
  const isFiltered = Object.keys(list.filter).length > 0;
  if (list.failure.value !== undefined) {
    return (
      <div class="card">
        <Failure list={list} />
      </div>
    );
  }
  if (!list.isComplete.value) return <p class="card empty">Loading…</p>;
  if (isFiltered) return <p class="card empty">No tasks match these filters.</p>;
  return (
    <div class="card empty">
      <p>There are no tasks yet.</p>
      <a class="button primary" href="/tasks/new">
        Create your first task
      </a>
    </div>
  );
}

function Failure({ list }: { list: TaskList }) {
  return (
    <div class="table-foot" role="alert">
      <p class="problem">{explain(list.failure.value)}</p>
      {!isForbidden(list.failure.value) && (
        <button type="button" onClick={list.tryAgain}>
          Try again
        </button>
      )}
    </div>
  );
}

function isForbidden(failure: unknown): boolean {
  return failure instanceof TaskbellError && failure.status === 403;
}
