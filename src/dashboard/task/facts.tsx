import type { ComponentChildren } from 'preact';
import type { Task } from '../../client/index.ts';
import { useDashboard, useWork } from '../dashboard.ts';
import { count, duration } from '../format.ts';
import { Time } from '../parts/time.tsx';
import { lateness } from '../what-now.ts';

/** When, how often, and by what rules. */
export function Facts({ task }: { task: Task }) {
  const { clock } = useDashboard();
  const { account } = useWork();
  const late = lateness(task, clock.now.value);
  return (
    <section class="card">
      <h2>Details</h2>
      <dl class="facts">
        <Fact name="Created">
          <Time at={task.created_at} as="both" />
        </Fact>
        <Fact name="Scheduled for">
          <Time at={task.scheduled_time} as="both" />
        </Fact>
        {task.started_at !== null && (
          <Fact name="Started">
            <Time at={task.started_at} as="both" />
          </Fact>
        )}
        {task.finished_at !== null && (
          <Fact name="Finished">
            <Time at={task.finished_at} as="both" />
          </Fact>
        )}
        {late !== undefined && late > 0 && <Fact name="Late by">{duration(late)}</Fact>}
        <RunTime task={task} />
        <Fact name="Attempt">{task.attempt === 0 ? 'none yet' : count(task.attempt)}</Fact>
        <Fact name="Retries">
          {count(task.retry_count)}
          <span class="quiet"> (up to {count(task.max_retries)} a run)</span>
        </Fact>
        <Fact name="Backoff">{backoffWords(task)}</Fact>
        <Fact name="Time limit">
          {duration(task.time_limit * 1000, { whole: true })}
          <span class="quiet">
            , told to stop after {duration(task.soft_time_limit * 1000, { whole: true })}
          </span>
        </Fact>
        <Following task={task} />
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

/** From its first attempt on, with the pauses between attempts. */
function RunTime({ task: { started_at, finished_at } }: { task: Task }) {
  const { clock } = useDashboard();
  if (started_at === null) return null;
  const isOver = finished_at !== null;
  const until = isOver ? Date.parse(finished_at) : clock.now.value;
  return <Fact name="Run time">{duration(until - Date.parse(started_at), { whole: !isOver })}</Fact>;
}

function Following({ task: { after, after_policy } }: { task: Task }) {
  if (after.length === 0) return null;
  return (
    <Fact name={after_policy === 'any' ? 'After the end of' : 'After completion of'}>
      <ul class="plain">
        {after.map((id) => (
          <li key={id}>
            <a href={`/tasks/${encodeURIComponent(id)}`}>
              <code>{id}</code>
            </a>
          </li>
        ))}
      </ul>
    </Fact>
  );
}

function backoffWords({ retry, max_retries }: Task): string {
  if (max_retries === 0) return 'none: it is not tried again';
  const seconds = (value: number): string => duration(value * 1000, { whole: value >= 10 });
  const growth = retry.backoff_coefficient === 1 ? '' : `, × ${retry.backoff_coefficient} each time`;
  return `${seconds(retry.initial_interval)}${growth}, at most ${seconds(retry.maximum_interval)}`;
}
