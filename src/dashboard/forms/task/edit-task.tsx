import { useMemo, useRef } from 'preact/hooks';
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

export interface TaskFormProps extends TaskDialogProps {
  readonly types: readonly TaskType[];
  /** Set to a function that returns whether the form has been changed. */
  readonly changed: { current: () => boolean };
}

interface EditProps {
  /** Why the task can no longer be edited, as of now. */
  readonly tooLate: string | undefined;
}

/** Changes a task that has not started. */
export function EditTaskDialog(props: TaskDialogProps & EditProps) {
  const loaded = useTaskTypes();
  const changed = useRef(() => false);
  const title = `Edit ${isolated(props.task.name)}`;
  return (
    <Dialog title={title} wide isChanged={() => changed.current()} onClose={props.onClose}>
      <WhenLoaded loaded={loaded}>
        {(types) => <EditTask {...props} types={types} changed={changed} />}
      </WhenLoaded>
    </Dialog>
  );
}

function EditTask({ task, etag, types, changed, tooLate, onClose, onDone }: TaskFormProps & EditProps) {
  const { client, clock, messages } = useDashboard();
  const field = useMemo(() => payloadField(types.find(({ name }) => name === task.type)), [types, task.type]);
  const based = useBasis({ task, etag }, (read) => editForm(field, read), changed);
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

  // The change that is being saved may be what starts the task.
  const late = isBusy ? undefined : tooLate;
  return (
    <TaskFormElement filling={filling} onSubmit={save}>
      <TextFields filling={filling} />
      <WhenField filling={filling} sent="saved" isMoot={late !== undefined} />
      <PayloadPart key={basis.etag} filling={filling} field={field} />
      <OptionFields filling={filling} />
      {late === undefined && <Stale based={based} />}
      <div role="alert">{late !== undefined && <p class="problem">{late}</p>}</div>
      <DialogFoot
        verb={isBusy ? 'Saving…' : 'Save changes'}
        isBusy={isBusy || isStale || late !== undefined}
        onClose={onClose}
      />
    </TaskFormElement>
  );
}
