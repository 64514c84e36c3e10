import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type Task, type TaskChanges, TaskbellError, type TaskType } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { Dialog } from '../parts/dialog.tsx';
import { DialogFoot, TaskFormElement, WhenLoaded } from './form-parts.tsx';
import { LimitFields, RetryFields } from './number-fields.tsx';
import { payloadField } from './payload.ts';
import { sendInTime } from './sending.ts';
import { changesOf } from './task-body.ts';
import {
  DescriptionField,
  NameField,
  PayloadPart,
  PriorityField,
  TagsPart,
  WhenField,
} from './task-fields.tsx';
import { editForm } from './task-form.ts';
import { rebased } from './rebase.ts';
import { useLoaded } from './use-loaded.ts';
import { useSending } from './use-sending.ts';
import { useTaskForm } from './use-task-form.ts';

export interface EditTaskDialogProps {
  readonly task: Task;
  /** Of what `task` is, so that nobody's change is overwritten unseen. */
  readonly etag: string;
  readonly onClose: () => void;
  readonly onDone: (task: Task) => void;
}

/** Changes a task that has not started. */
export function EditTaskDialog(props: EditTaskDialogProps) {
  const { client } = useDashboard();
  const loaded = useLoaded((signal) => client.taskTypes.list({ signal }), '');
  return (
    <Dialog title={`Edit ${props.task.name}`} wide onClose={props.onClose}>
      <WhenLoaded loaded={loaded}>{(types) => <EditTask {...props} types={types} />}</WhenLoaded>
    </Dialog>
  );
}

function EditTask({
  task,
  etag,
  types,
  onClose,
  onDone,
}: EditTaskDialogProps & { types: readonly TaskType[] }) {
  const { client, clock, messages } = useDashboard();
  const field = useMemo(() => payloadField(types.find(({ name }) => name === task.type)), [types, task.type]);
  const [basis, setBasis] = useState(() => ({ form: editForm(field, task), etag }));
  const [isStale, setStale] = useState(false);
  const filling = useTaskForm(() => basis.form);
  const { isBusy, send } = useSending(filling);

  function save(): void {
    const made = changesOf(field, basis.form, filling.form);
    if ('errors' in made) return filling.refuse(made.errors);
    if (Object.keys(made.body).length === 0) return onClose();
    const edit = (body: TaskChanges) => client.tasks.edit(task.id, body, { ifMatch: basis.etag });
    return send(
      async () => {
        const edited = await sendInTime(made.body, () => clock.now.peek(), edit);
        messages.done(`${edited.name} has been changed.`);
        onDone(edited);
      },
      (error) => {
        const changedMeanwhile = error instanceof TaskbellError && error.status === 412;
        setStale(changedMeanwhile);
        return changedMeanwhile;
      },
    );
  }

  /** What has been changed here stays changed; everything else becomes as it is by now. */
  function takeNewest(): void {
    send(async () => {
      const newest = await client.tasks.getWithTag(task.id);
      const form = editForm(field, newest.task);
      setBasis({ form, etag: newest.etag });
      filling.reset(rebased(filling.form, basis.form, form));
      setStale(false);
    });
  }

  return (
    <TaskFormElement filling={filling} onSubmit={save}>
      <NameField filling={filling} />
      <DescriptionField filling={filling} />
      <WhenField filling={filling} label="When" />
      <PayloadPart key={basis.etag} filling={filling} field={field} />
      <TagsPart filling={filling} />
      <PriorityField filling={filling} />
      <RetryFields filling={filling} />
      <LimitFields filling={filling} />
      <div role="alert">{isStale && <Stale isBusy={isBusy} onTake={takeNewest} />}</div>
      <DialogFoot verb={isBusy ? 'Saving…' : 'Save changes'} isBusy={isBusy || isStale} onClose={onClose} />
    </TaskFormElement>
  );
}

/** Beside the button that was pressed, and with the focus that it loses. */
function Stale({ isBusy, onTake }: { isBusy: boolean; onTake: () => void }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => button.current?.focus(), []);
  return (
    <div class="problem stale">
      <p>The task has changed meanwhile. Take the newest: what you have changed here is kept.</p>
      <button ref={button} type="button" class="small" disabled={isBusy} onClick={onTake}>
        Take the newest
      </button>
    </div>
  );
}
