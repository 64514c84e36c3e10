import { useState } from 'preact/hooks';
import { type Task, TaskbellError } from '../../../client/index.ts';
import { useDashboard } from '../../dashboard.ts';
import { comparable } from '../comparable.ts';
import { rebased } from './rebase.ts';
import type { TaskForm } from './task-form.ts';
import { type Sending, useSending } from './use-sending.ts';
import { type Filling, useTaskForm } from './use-task-form.ts';

/** A task as it was read, with the ETag of that state, which keeps others' changes from being overwritten. */
export interface Seen {
  readonly task: Task;
  readonly etag: string;
}

export interface Based {
  /** The form as it was before any input, and the ETag of the task that it was made from. */
  readonly basis: { readonly form: TaskForm; readonly etag: string };
  readonly filling: Filling;
  readonly isBusy: boolean;
  /** The service has answered that the task has changed. */
  readonly isStale: boolean;
  /** Runs an action on the state that was read. If the task has changed since, sets `isStale`. */
  send(action: () => Promise<void>): void;
  /** Reads the task again. Changes made here are kept; everything else takes its newest value. */
  loadLatest(): void;
}

/**
 * A form for a task that others can change while the form is open.
 * @param changed is set to a function that returns whether the form has been changed.
 */
export function useBasis(
  { task, etag }: Seen,
  formOf: (task: Task) => TaskForm,
  changed: { current: () => boolean },
): Based {
  const { client } = useDashboard();
  const [basis, setBasis] = useState(() => ({ form: formOf(task), etag }));
  const [isStale, setStale] = useState(false);
  const filling = useTaskForm(() => basis.form);
  const { isBusy, send }: Sending = useSending(filling);
  changed.current = () => comparable(filling.form) !== comparable(basis.form);
  return {
    basis,
    filling,
    isBusy,
    isStale,
    send: (action) =>
      send(action, (error) => {
        const hasChanged = error instanceof TaskbellError && error.status === 412;
        setStale(hasChanged);
        return hasChanged;
      }),
    loadLatest: () =>
      send(async () => {
        const newest = await client.tasks.getWithTag(task.id);
        const form = formOf(newest.task);
        // Also keeps what was filled in while the task was being read.
        filling.reset((mine) => rebased(mine, basis.form, form));
        setBasis({ form, etag: newest.etag });
        setStale(false);
      }),
  };
}
