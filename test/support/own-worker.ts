import { beforeAll } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import type { Caller } from './caller.ts';
import type { RoleProcess } from '../../src/processes/role.ts';
import { fetchMetrics, type ReadPage } from './metrics-page.ts';
import { childrenOf } from './child-processes.ts';
import { useService } from './service.ts';
import { hasEnded } from './task.ts';

/** A worker of two slots that a test file has to itself, in a service of its own. */
export interface OwnWorker {
  readonly alice: Caller;
  readonly pid: number;
  /** The page of its metrics, if it has a port for it. */
  metrics(): Promise<ReadPage>;
  /** The page of the metrics of the API, if it has a token for it. */
  apiMetrics(token?: string): Promise<ReadPage>;
  /** Returns the ids of the tasks that were created. */
  created(): readonly string[];
  /** Creates a task of alice that is due at once, unless the fields say otherwise. */
  create(task: Record<string, unknown>): Promise<Task>;
  /** Creates a task and waits for its end. */
  run(task: Record<string, unknown>): Promise<Task>;
  /** Returns the ids of the worker's handler processes. */
  handlerPids(): Promise<number[]>;
}

/** Provides a test file's worker, ready in its `beforeAll` and stopped after its tests. */
export function useOwnWorker(environment: Record<string, string>): OwnWorker {
  const service = useService({
    workers: 0,
    environment: { TASKBELL_WORKER_CONCURRENCY: '2', ...environment },
  });
  let started: { readonly alice: Caller; readonly worker: RoleProcess } | undefined;
  beforeAll(async () => {
    const worker = await service.startWorker();
    started = { alice: await service.as('alice'), worker };
  });
  const own = (): { readonly alice: Caller; readonly worker: RoleProcess } => {
    if (started === undefined) throw new Error('The worker is not started before beforeAll.');
    return started;
  };
  const created: string[] = [];
  const create = async (task: Record<string, unknown>): Promise<Task> => {
    const made = await own().alice.create({ name: 'due at once', delay: 0, ...task });
    created.push(made.id);
    return made;
  };
  return {
    get alice() {
      return own().alice;
    },
    get pid() {
      return own().worker.pid;
    },
    metrics: () => fetchMetrics(own().worker.metricsUrl ?? ''),
    apiMetrics: (token = environment['TASKBELL_METRICS_TOKEN']) =>
      fetchMetrics(`${service.url}/metrics`, token),
    created: () => created,
    create,
    run: async (task) => own().alice.until((await create(task)).id, 'its end', hasEnded, 55_000),
    handlerPids: () => childrenOf(own().worker.pid),
  };
}
