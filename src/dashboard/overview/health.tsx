import type { ComponentChildren } from 'preact';
import type { Overview } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { count, plural } from '../format.ts';
import { Time } from '../parts/time.tsx';

type Worker = Overview['workers'][number];

const heads = ['Worker', 'Slots in use', 'Completed', 'Failed', 'Last seen'] as const;
type Head = (typeof heads)[number];
const numberHeads: ReadonlySet<Head> = new Set(['Completed', 'Failed']);

/** The workers, and whether Temporal responds. */
export function Health({ overview, isCurrent }: { overview: Overview; isCurrent: boolean }) {
  const { workers, temporal } = overview;
  return (
    <section class="card health">
      <h2>Workers</h2>
      {workers.length === 0 ? (
        <p class="problem">
          No workers are running. Tasks will not run until you start a worker: <code>taskbell worker</code>.
        </p>
      ) : (
        <div class="health-workers" role="region" aria-label="Workers" tabIndex={0}>
          <table role="table">
            <thead role="rowgroup" class="hidden-narrow">
              <tr role="row">
                {heads.map((head) => (
                  <th
                    key={head}
                    role="columnheader"
                    scope="col"
                    class={numberHeads.has(head) ? 'number' : undefined}
                  >
                    {head}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody role="rowgroup">
              {workers.map((worker) => (
                <WorkerRow key={worker.identity} worker={worker} />
              ))}
            </tbody>
          </table>
          <p class="quiet">
            Tries of all users since each worker started. Failed ones include those handed back or deferred.
          </p>
        </div>
      )}
      <h2>Temporal</h2>
      <dl class="health-facts">
        <dt>State</dt>
        <dd>
          {isCurrent ? (
            <span class="sign sign-good">responds in {Math.max(1, Math.round(temporal.latency_ms))} ms</span>
          ) : (
            <span class="sign sign-bad">currently unreachable</span>
          )}
        </dd>
        <dt>Namespace</dt>
        <dd>{temporal.namespace}</dd>
        <dt>Server</dt>
        <dd>{temporal.server_version}</dd>
      </dl>
    </section>
  );
}

/** Time after which a worker counts as silent, in milliseconds: three heartbeats. */
const silentMs = 15_000;

function WorkerRow({ worker: { identity, attempts, last_seen_at } }: { worker: Worker }) {
  const { clock } = useDashboard();
  const isSilent = clock.now.value - Date.parse(last_seen_at) > silentMs;
  const slots = attempts && attempts.used + attempts.available;
  return (
    <tr role="row" class={isSilent && attempts ? 'worker-silent' : undefined}>
      <th role="rowheader" scope="row" title={identity}>
        {identity}
      </th>
      <Cell head="Slots in use">
        {attempts && slots !== null ? (
          <span class="slots">
            <meter
              min={0}
              max={Math.max(1, slots)}
              value={attempts.used}
              aria-label={`Slots in use on ${identity}`}
            />
            {attempts.used} of {plural(slots, 'slot')}
          </span>
        ) : (
          <span class="quiet">not reported</span>
        )}
      </Cell>
      <Cell head="Completed">{attempts ? count(attempts.completed) : '–'}</Cell>
      <Cell head="Failed">{attempts ? count(attempts.failed) : '–'}</Cell>
      <Cell head="Last seen">
        <span>
          {isSilent && attempts ? 'not responding, last seen ' : ''}
          <Time at={last_seen_at} as="relative" />
        </span>
      </Cell>
    </tr>
  );
}

/**
 * On phones, the table is a list and each cell shows its heading. Explicit roles: some browsers drop those of table
 * elements when CSS changes their layout.
 */
function Cell({ head, children }: { head: Head; children: ComponentChildren }) {
  return (
    <td role="cell" data-head={head} class={numberHeads.has(head) ? 'number' : undefined}>
      {children}
    </td>
  );
}
