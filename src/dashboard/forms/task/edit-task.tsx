import { useMemo } from 'preact/hooks';
import type { Task, TaskChanges, TaskType } from '../../../client/index.ts';
import { useDashboard } from '../../dashboard.ts';
import { isolated, quoted } from '../../format.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { useTaskTypes } from '../../parts/use-task-types.ts';
import { DialogFoot, TaskFormElement, WhenLoaded } from './form-parts.tsx';
import { OptionFields } from './option-fields.tsx';
import { payloadField } from './payload.ts';
import { sendInTime } from './sending.ts';
import { Stale } from './stale.tsx';
import { changesOf } from './task-body.ts';
import { PayloadPart, TextFields, WhenField } from './task-fields.tsx';
import { editForm } from './task-form.ts';
import { type Seen, useBasis } from './use-basis.ts';

export interface TaskDialogProps extends Seen {
  readonly onClose: () => void;
  readonly onDone: (task: Task) => void;
}

/** Changes a task that has not started. */
export function EditTaskDialog(props: TaskDialogProps) {
  const loaded = useTaskTypes();
  return (
    <Dialog title={`Edit ${isolated(props.task.name)}`} wide onClose={props.onClose}>
      <WhenLoaded loaded={loaded}>{(types) => <EditTask {...props} types={types} />}</WhenLoaded>
    </Dialog>
  );
}

function EditTask({ task, etag, types, onClose, onDone }: TaskDialogProps & { types: readonly TaskType[] }) {
  const { client, clock, messages } = useDashboard();
  const field = useMemo(() => payloadField(types.find(({ name }) => name === task.type)), [types, task.type]);
  const based = useBasis({ task, etag }, (read) => editForm(field, read));
  const { basis, filling, isBusy, isStale } = based;

  function save(): void {
    const made = changesOf(field, basis.form, filling.form);
    if ('errors' in made) return filling.rejectUnsent(made.errors);
    if (Object.keys(made.body).length === 0) return onClose();
    const edit = (body: TaskChanges) => client.tasks.edit(task.id, body, { ifMatch: basis.etag });
    return based.send(async () => {
      const edited = await sendInTime(made.body, () => clock.now.peek(), edit);
      messages.done(`${quoted(edited.name)} was saved.`);
      onDone(edited);
    });
  }

  return (
    <TaskFormElement filling={filling} onSubmit={save}>
      <TextFields filling={filling} />
      <WhenField filling={filling} sent="saved" />
      <PayloadPart key={basis.etag} filling={filling} field={field} />
      <OptionFields filling={filling} />
      <Stale based={based} />
      <DialogFoot verb={isBusy ? 'Saving…' : 'Save changes'} isBusy={isBusy || isStale} onClose={onClose} />
    </TaskFormElement>
  );
}
