/** What the operations on tasks work with, besides the actor and the request. */
import type { TaskTypes } from '../../activities/types/index.ts';
import type { Lru } from '../lib/lru.ts';
import type { Quota } from './quota.ts';
import type { TaskStore } from './store.ts';

/** Context of the operations that start no run. */
export interface ServiceContext {
  readonly store: TaskStore;
  /** Returns the address of a run's page in the Temporal Web UI, if there is one to link to. */
  readonly webUiPage: (id: string, runId: string) => string | undefined;
  /** Starts of runs whose first attempt was interrupted, by run id; see src/tasks/first-start.ts. */
  readonly firstStarts: Lru<string>;
}

/** Context of those that check a payload or start a run as well. */
export interface WriteContext extends ServiceContext {
  readonly taskTypes: TaskTypes;
  readonly quota: Quota;
  /** Maximum number of runs of a task. */
  readonly maxRuns: number;
  /** Maximum time limit of a task, in seconds. */
  readonly maxTimeLimit: number;
}
