import { useState } from 'preact/hooks';
import type { HistoryEntry, Task } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { duration, exactTime, plural } from '../format.ts';
import { Time } from '../parts/time.tsx';
import { outcomeWord } from './history-words.ts';
import type { EndType, RunTimeline, Segment } from './segments.ts';
import { timelineOf } from './timeline.ts';

/** Number of states shown at first. If a task has been retried for days, viewers look for its latest states. */
const maxSegments = 20;

export function Timeline({ task, history }: { task: Task; history: readonly HistoryEntry[] }) {
  const { clock } = useDashboard();
  const runs = timelineOf(history, task, clock.now.value);
  const newest = runs.at(-1);
  const earlier = runs.slice(0, -1).toReversed();
  if (!newest) return null;
  return (
    <section class="card">
      <h2>Timeline</h2>
      <RunBar run={newest} />
      {earlier.length > 0 && (
        <details class="timeline-earlier">
          <summary>{plural(earlier.length, 'earlier run')}</summary>
          {earlier.map((run) => (
            <div key={run.runId}>
              <h3>
                Run started <Time at={new Date(run.startedAt).toISOString()} />
              </h3>
              <RunBar run={run} />
            </div>
          ))}
        </details>
      )}
    </section>
  );
}

function RunBar({ run: { segments, end } }: { run: RunTimeline }) {
  const [showsAll, setShowsAll] = useState(false);
  const hidden = showsAll ? 0 : Math.max(0, segments.length - maxSegments);
  return (
    <>
      {hidden > 0 && (
        <button type="button" class="link" onClick={() => setShowsAll(true)}>
          Show {plural(hidden, 'earlier state')}
        </button>
      )}
      <ol class="timeline">
        {segments.slice(hidden).map((segment) => (
          <SegmentItem key={`${segment.from} ${segment.kind}`} segment={segment} />
        ))}
        {end && <EndItem type={end.type} at={end.at} />}
      </ol>
    </>
  );
}

const words: Readonly<Record<Segment['kind'], string>> = {
  scheduled: 'Scheduled',
  paused: 'Paused',
  after: 'Waiting for other tasks',
  pending: 'Pending',
  running: 'Attempt',
  backoff: 'Backoff',
};

function SegmentItem({ segment }: { segment: Segment }) {
  const { kind, from, to, isOpen, attempt, outcome } = segment;
  const label = kind === 'running' ? `Attempt ${attempt}` : words[kind];
  const span = isOpen ? `Since ${clockTime(from)}` : `From ${clockTime(from)} to ${clockTime(to)}`;
  const isBad = outcome === 'failed' || outcome === 'lost';
  return (
    <li
      class={`segment segment-${kind}${isOpen ? ' segment-open' : ''}${isBad ? ' segment-bad' : ''}`}
      style={{ flexGrow: weightOf(to - from) }}
      title={`${span}. Not to scale: short states are drawn wider.`}
    >
      <span class="segment-label">{label}</span>
      {outcome !== undefined && <span class="segment-outcome">{outcomeWord(outcome)}</span>}
      <span class="segment-time">
        {duration(to - from, { whole: isOpen })}
        <span class="visually-hidden">
          {isOpen && ' so far'}. {span}.
        </span>
      </span>
    </li>
  );
}

const endWords: Readonly<Record<EndType, string>> = {
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Cancelled',
  terminated: 'Terminated',
  timed_out: 'Timed out',
};

function EndItem({ type, at }: { type: EndType; at: number }) {
  const iso = new Date(at).toISOString();
  return (
    <li class={`segment segment-end segment-${type}`} title={exactTime(iso)}>
      <span class="segment-label">{endWords[type]}</span>
      <span class="segment-time">
        <Time at={iso} />
      </span>
    </li>
  );
}

/**
 * Returns the relative width: one more for every factor of ten, so that an hour of waiting leaves room for a
 * second of work.
 */
function weightOf(ms: number): number {
  return 1 + Math.log10(1 + Math.max(0, ms) / 100);
}

function clockTime(ms: number): string {
  return new Date(ms).toLocaleTimeString();
}
