import type { ComponentChildren } from 'preact';
import type { HistoryEntry, Task } from '../../client/index.ts';
import { useDashboard, useWork } from '../dashboard.ts';
import { count, duration, plural } from '../format.ts';
import { Time } from '../parts/time.tsx';
import { Predecessors } from './predecessors.tsx';
import { hasEnded, lateness, startDelay } from '../what-now.ts';

/** Shows a task's times, attempts and limits. */
export function Facts({ task, history }: { task: Task; history: readonly HistoryEntry[] }) {
  const { clock } = useDashboard();
  const { account } = useWork();
  const late = lateness(task, clock.now);
  const delay = startDelay(task);
  return (
    <section class="card">
      <h2>Details</h2>
      <dl class="facts">
        <Fact name="Created">
          <Time at={task.created_at} as="both" />
        </Fact>
        <Fact name="Scheduled time">
          <Time at={task.scheduled_time} as={hasEnded(task) ? 'short' : 'both'} />
        </Fact>
        {task.started_at !== null && (
          <Fact name="Started">
            <Time at={task.started_at} as="both" />
            {delay !== undefined && <span class="quiet">, {duration(delay)} after its scheduled time</span>}
          </Fact>
        )}
        {task.finished_at !== null && (
          <Fact name="Ended">
            <Time at={task.finished_at} as="both" />
          </Fact>
        )}
        {late !== undefined && <Fact name="Lateness">{duration(late)}</Fact>}
        <RunTime task={task} />
        <Fact name="Attempts">{retryWords(task, history)}</Fact>
        <Fact name="Backoff">{backoffWords(task)}</Fact>
        <Fact name="Time limit">
          {duration(task.time_limit * 1000, { whole: true })}
          <span class="quiet">
            , asked to stop after {duration(task.soft_time_limit * 1000, { whole: true })}
          </span>
        </Fact>
        {task.after.length > 0 && (
          <Fact name={task.after_policy === 'any' ? 'After the end of' : 'After completion of'}>
            <Predecessors ids={task.after} />
          </Fact>
        )}
        {account.role === 'admin' && (
          <Fact name="Owner">
            <a href={`/tasks?owner=${encodeURIComponent(task.owner)}`}>
              <code>{task.owner}</code>
            </a>
          </Fact>
        )}
        <Fact name="Version">{count(task.version)}</Fact>
      </dl>
    </section>
  );
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/**
 * Shows the time from the start of the first attempt to the end of the run, or to now, with all waits in
 * between.
 */
function RunTime({ task: { started_at, finished_at } }: { task: Task }) {
  const { clock } = useDashboard();
  if (started_at === null) return null;
  const hasEnded = finished_at !== null;
  const until = hasEnded ? Date.parse(finished_at) : clock.now.value;
  return <Fact name="Duration">{duration(until - Date.parse(started_at), { whole: !hasEnded })}</Fact>;
}

/** Returns the number of the attempt, the maximum, and how often the task was retried manually. */
function retryWords(task: Task, history: readonly HistoryEntry[]): string {
  const { attempt, max_retries } = task;
  const most = max_retries + 1;
  // Lost attempts do not count towards the maximum, so the number may exceed it.
  const of = attempt > most ? '' : ` of ${count(most)}`;
  const none = hasEnded(task) ? 'None' : `None yet, at most ${plural(most, 'attempt')}`;
  const byHand = history.filter(({ type }) => type === 'retried').length;
  const again = byHand === 0 ? '' : `, ${plural(byHand, 'manual retry', 'manual retries')}`;
  return (attempt === 0 ? none : `${count(attempt)}${of}`) + again;
}

function backoffWords({ retry, max_retries }: Task): string {
  if (max_retries === 0) return 'None (no retries)';
  const seconds = (value: number): string => duration(value * 1000, { whole: value >= 10 });
  const growth = retry.backoff_coefficient === 1 ? '' : `, × ${retry.backoff_coefficient} each time`;
  return `${seconds(retry.initial_interval)}${growth}, at most ${seconds(retry.maximum_interval)}`;
}
