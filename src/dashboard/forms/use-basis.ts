import { useState } from 'preact/hooks';
import { type Task, TaskbellError } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { rebased } from './rebase.ts';
import type { TaskForm } from './task-form.ts';
import { type Sending, useSending } from './use-sending.ts';
import { type Filling, useTaskForm } from './use-task-form.ts';

/** A task as it was read, with the tag of that very state, so that nobody's change is overwritten unseen. */
export interface Seen {
  readonly task: Task;
  readonly etag: string;
}

export interface Based {
  /** What the form has been made of. */
  readonly basis: { readonly form: TaskForm; readonly etag: string };
  readonly filling: Filling;
  readonly isBusy: boolean;
  /** It has turned out that the task is another by now. */
  readonly isStale: boolean;
  /** Something that is done only to the very state that has been seen. */
  send(action: () => Promise<void>): void;
  /** What has been changed here stays changed; everything else becomes as it is by now. */
  takeNewest(): void;
}

/** A form about a task that others may change meanwhile. */
export function useBasis({ task, etag }: Seen, formOf: (task: Task) => TaskForm): Based {
  const { client } = useDashboard();
  const [basis, setBasis] = useState(() => ({ form: formOf(task), etag }));
  const [isStale, setStale] = useState(false);
  const filling = useTaskForm(() => basis.form);
  const { isBusy, send }: Sending = useSending(filling);
  return {
    basis,
    filling,
    isBusy,
    isStale,
    send: (action) =>
      send(action, (error) => {
        const changedMeanwhile = error instanceof TaskbellError && error.status === 412;
        setStale(changedMeanwhile);
        return changedMeanwhile;
      }),
    takeNewest: () =>
      send(async () => {
        const newest = await client.tasks.getWithTag(task.id);
        const form = formOf(newest.task);
        // Also what has been filled in while it was read.
        filling.reset((mine) => rebased(mine, basis.form, form));
        setBasis({ form, etag: newest.etag });
        setStale(false);
      }),
  };
}
