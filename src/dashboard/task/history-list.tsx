import { useState } from 'preact/hooks';
import type { HistoryEntry } from '../../client/index.ts';
import { count, shortId } from '../format.ts';
import { JsonView } from '../parts/json-view.tsx';
import { Time } from '../parts/time.tsx';
import { fieldWords, valueWords, wordsOf } from './history-words.ts';

const step = 20;

/** Lists the history, newest first: viewers look for what has just happened. */
export function HistoryList({ history }: { history: readonly HistoryEntry[] }) {
  const [shown, setShown] = useState(step);
  const entries = history.toReversed();
  const left = entries.length - shown;
  return (
    <section class="card">
      <h2>History</h2>
      <ol class="history" reversed>
        {entries.slice(0, shown).map((entry, index) => (
          <Entry key={entries.length - index} entry={entry} />
        ))}
      </ol>
      {left > 0 && (
        <button type="button" class="link" onClick={() => setShown(shown + 5 * step)}>
          Show earlier entries ({count(left)})
        </button>
      )}
    </section>
  );
}

function Entry({ entry }: { entry: HistoryEntry }) {
  const { at, type, by, reason, error, predecessor, changes = [], attempt } = entry;
  const failure = error ?? (attempt?.outcome === 'failed' ? attempt.error : null);
  return (
    <li class={`history-entry history-${attempt?.outcome ?? type}`}>
      <p class="history-line">
        <span class="history-what">{wordsOf(entry)}</span>
        <Time at={at} />
      </p>
      {by && (
        <p class="quiet">
          by <bdi>{by.name ?? by.id}</bdi>
        </p>
      )}
      {predecessor && (
        <p>
          <a href={`/tasks/${encodeURIComponent(predecessor.id)}`}>
            <code title={predecessor.id}>{shortId(predecessor.id)}</code>
          </a>
        </p>
      )}
      {changes.length > 0 && (
        <ul class="plain history-changes">
          {changes.map((change) => (
            <Change key={change.field} {...change} />
          ))}
        </ul>
      )}
      {failure && <p class="history-error">{failure.message}</p>}
      {reason !== undefined && <p class="quiet">“{reason}”</p>}
    </li>
  );
}

function Change({ field, from, to }: { field: string; from?: unknown; to?: unknown }) {
  const hasValues = from !== undefined || to !== undefined;
  if (field === 'payload' && hasValues) {
    return (
      <li>
        <details>
          <summary>
            <span class="quiet">payload</span> changed
          </summary>
          <JsonView value={from} label="Payload before" />
          <JsonView value={to} label="Payload after" />
        </details>
      </li>
    );
  }
  return (
    <li>
      <span class="quiet">{fieldWords(field)}</span>{' '}
      {hasValues ? (
        <>
          <Value field={field} value={from} />
          <span aria-hidden="true"> → </span>
          <span class="visually-hidden"> became </span>
          <Value field={field} value={to} />
        </>
      ) : (
        'changed'
      )}
    </li>
  );
}

function Value({ field, value }: { field: string; value: unknown }) {
  const isTime = field === 'scheduled_time' && typeof value === 'string';
  return isTime ? <Time at={value} /> : <bdi class="history-value">{valueWords(value)}</bdi>;
}
