import type { Overview } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { count, plural } from '../format.ts';
import { Time } from '../parts/time.tsx';

type Worker = Overview['workers'][number];

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
          <table>
            <thead>
              <tr>
                <th scope="col">Worker</th>
                <th scope="col">Slots in use</th>
                <th scope="col" class="number">
                  Completed
                </th>
                <th scope="col" class="number">
                  Failed
                </th>
                <th scope="col">Last seen</th>
              </tr>
            </thead>
            <tbody>
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
    <tr class={isSilent && attempts ? 'worker-silent' : undefined}>
      <th scope="row">{identity}</th>
      <td>
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
      </td>
      <td class="number">{attempts ? count(attempts.completed) : '–'}</td>
      <td class="number">{attempts ? count(attempts.failed) : '–'}</td>
      <td>
        {isSilent && attempts ? 'not responding, last seen ' : ''}
        <Time at={last_seen_at} as="relative" />
      </td>
    </tr>
  );
}
