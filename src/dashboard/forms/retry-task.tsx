import { useMemo, useState } from 'preact/hooks';
import type { Task, TaskChanges, TaskType } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { Dialog } from '../parts/dialog.tsx';
import { DialogFoot, TaskFormElement, WhenLoaded } from './form-parts.tsx';
import { payloadField } from './payload.ts';
import { createKeys, sendInTime } from './sending.ts';
import { changesOf } from './task-body.ts';
import { PayloadPart, WhenField } from './task-fields.tsx';
import { formOf } from './task-form.ts';
import { useLoaded } from './use-loaded.ts';
import { useSending } from './use-sending.ts';
import { useTaskForm } from './use-task-form.ts';

export interface RetryTaskDialogProps {
  readonly task: Task;
  readonly onClose: () => void;
  readonly onDone: (task: Task) => void;
}

/** Begins a new run of a task that has ended; with another payload or at another time, where that is wanted. */
export function RetryTaskDialog(props: RetryTaskDialogProps) {
  const { client } = useDashboard();
  const loaded = useLoaded((signal) => client.taskTypes.list({ signal }), '');
  return (
    <Dialog title={`Retry ${props.task.name}`} wide onClose={props.onClose}>
      <WhenLoaded loaded={loaded}>{(types) => <RetryTask {...props} types={types} />}</WhenLoaded>
    </Dialog>
  );
}

function RetryTask({ task, types, onClose, onDone }: RetryTaskDialogProps & { types: readonly TaskType[] }) {
  const { client, clock, messages } = useDashboard();
  const field = useMemo(() => payloadField(types.find(({ name }) => name === task.type)), [types, task.type]);
  // At once, which is what the interface does when no time is named.
  const [before] = useState(() => formOf(field, task));
  const filling = useTaskForm(() => before);
  const { isBusy, send } = useSending(filling);
  const [keyOf] = useState(createKeys);

  function retry(): void {
    const made = changesOf(field, before, filling.form);
    if ('errors' in made) return filling.refuse(made.errors);
    const begin = (body: TaskChanges) => client.tasks.retry(task.id, body, { idempotencyKey: keyOf(body) });
    return send(async () => {
      const retried = await sendInTime(made.body, () => clock.now.peek(), begin);
      messages.done(`${retried.name} has been begun again.`);
      onDone(retried);
    });
  }

  return (
    <TaskFormElement filling={filling} onSubmit={retry}>
      <WhenField filling={filling} label="When" />
      <PayloadPart filling={filling} field={field} />
      <DialogFoot verb={isBusy ? 'Retrying…' : 'Retry'} isBusy={isBusy} onClose={onClose} />
    </TaskFormElement>
  );
}
