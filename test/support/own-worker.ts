import { beforeAll } from 'vitest';
import type { Task } from '../../src/contract/task.ts';
import type { Caller } from './caller.ts';
import { childrenOf } from './child-processes.ts';
import { useService } from './service.ts';
import { hasEnded } from './task.ts';

/** A worker of two slots that a test file has to itself, in a service of its own. */
export interface OwnWorker {
  readonly alice: Caller;
  readonly pid: number;
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
  let started: { readonly alice: Caller; readonly pid: number } | undefined;
  beforeAll(async () => {
    const { pid } = await service.startWorker();
    started = { alice: await service.as('alice'), pid };
  });
  const own = (): { readonly alice: Caller; readonly pid: number } => {
    if (started === undefined) throw new Error('The worker is not started before beforeAll.');
    return started;
  };
  const create = (task: Record<string, unknown>): Promise<Task> =>
    own().alice.create({ name: 'due at once', delay: 0, ...task });
  return {
    get alice() {
      return own().alice;
    },
    get pid() {
      return own().pid;
    },
    create,
    run: async (task) => own().alice.until((await create(task)).id, 'its end', hasEnded, 55_000),
    handlerPids: () => childrenOf(own().pid),
  };
}
