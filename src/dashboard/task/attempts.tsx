import { useState } from 'preact/hooks';
import type { Attempt, HistoryEntry, Task } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { duration, plural } from '../format.ts';
import { Time } from '../parts/time.tsx';
import { outcomeWord } from './history-words.ts';
import { Log } from './log.tsx';

const step = 10;

/** Lists the attempts of the current run, newest first. Attempts of earlier runs come from the history. */
export function Attempts({ task, history }: { task: Task; history: readonly HistoryEntry[] }) {
  const [shown, setShown] = useState(step);
  const attempts = task.attempts.toReversed();
  const earlier = attemptsOfEarlierRuns(history);
  const left = attempts.length - shown;
  return (
    <section class="card">
      <h2>Attempts</h2>
      {attempts.length === 0 && (
        <p class="quiet">No attempt has started{earlier.length > 0 && ' in this run'}.</p>
      )}
      {attempts.slice(0, shown).map((attempt, index) => (
        <AttemptItem
          key={`${attempt.started_at} ${attempt.attempt}`}
          attempt={attempt}
          isNewest={index === 0}
        />
      ))}
      {left > 0 && (
        <button type="button" class="link" onClick={() => setShown(shown + 5 * step)}>
          Show {plural(left, 'earlier attempt')}
        </button>
      )}
      {earlier.length > 0 && (
        <details class="attempts-earlier">
          <summary>{plural(earlier.length, 'attempt')} from earlier runs</summary>
          {earlier.toReversed().map((attempt) => (
            <AttemptItem
              key={`${attempt.started_at} ${attempt.attempt}`}
              attempt={attempt}
              isNewest={false}
            />
          ))}
        </details>
      )}
    </section>
  );
}

function attemptsOfEarlierRuns(history: readonly HistoryEntry[]): Attempt[] {
  const newest = history.at(-1)?.run_id;
  return history.flatMap(({ run_id, attempt }) => (attempt && run_id !== newest ? [attempt] : []));
}

/** Style of each outcome; an unknown outcome gets a neutral one. */
const kinds: Readonly<Record<string, string>> = {
  running: 'running',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  lost: 'failed',
  handed_back: 'cancelled',
} satisfies Record<Attempt['outcome'], string>;

function AttemptItem({ attempt, isNewest }: { attempt: Attempt; isNewest: boolean }) {
  /** undefined until the viewer opens or closes it. */
  const [chosen, choose] = useState<boolean>();
  const isOpen = chosen ?? isNewest;
  const { outcome, error, started_at, worker, log } = attempt;
  return (
    <details class="attempt" open={isOpen}>
      <summary
        onClick={(event) => {
          event.preventDefault();
          choose(!isOpen);
        }}
      >
        <span class="attempt-number">Attempt {attempt.attempt}</span>
        <span class={`attempt-outcome status-${kinds[outcome] ?? 'unknown'}`}>{outcomeWord(outcome)}</span>
        <AttemptTime attempt={attempt} />
      </summary>
      {isOpen && (
        <div class="attempt-body">
          <p class="attempt-facts quiet">
            <span>
              Started <Time at={started_at} />
            </span>
            {attempt.finished_at !== null && (
              <span>
                ended <Time at={attempt.finished_at} />
              </span>
            )}
            <span>
              {worker === '' ? (
                'worker unknown'
              ) : (
                <>
                  worker <code>{worker}</code>
                </>
              )}
            </span>
          </p>
          {error && (
            <div class="problem task-error">
              <p class="task-error-title">{error.type}</p>
              <pre>{error.message}</pre>
            </div>
          )}
          <Log lines={log} label={`Log of attempt ${attempt.attempt}`} isRunning={outcome === 'running'} />
        </div>
      )}
    </details>
  );
}

function AttemptTime({ attempt: { started_at, finished_at } }: { attempt: Attempt }) {
  const { clock } = useDashboard();
  const from = Date.parse(started_at);
  const ms = finished_at === null ? clock.now.value - from : Date.parse(finished_at) - from;
  return <span class="attempt-time">{duration(ms, { whole: finished_at === null })}</span>;
}
