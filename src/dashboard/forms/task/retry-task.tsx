import { useMemo, useRef, useState } from 'preact/hooks';
import type { TaskChanges } from '../../../client/index.ts';
import { useDashboard } from '../../dashboard.ts';
import { isolated, quoted } from '../../format.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { useTaskTypes } from '../../parts/use-task-types.ts';
import type { TaskDialogProps, TaskFormProps } from './edit-task.tsx';
import { DialogFoot, TaskFormElement, WhenLoaded } from './form-parts.tsx';
import { payloadField } from './payload.ts';
import { createKeys, sendInTime } from './sending.ts';
import { Stale } from './stale.tsx';
import { changesOf } from './task-body.ts';
import { PayloadPart, WhenField } from './task-fields.tsx';
import { formOf } from './task-form.ts';
import { useBasis } from './use-basis.ts';

/** Starts a new run of a task that has ended, optionally with another payload or at another time. */
export function RetryTaskDialog(props: TaskDialogProps) {
  const loaded = useTaskTypes();
  const changed = useRef(() => false);
  const title = `Retry ${isolated(props.task.name)}`;
  return (
    <Dialog title={title} wide isChanged={() => changed.current()} onClose={props.onClose}>
      <WhenLoaded loaded={loaded}>
        {(types) => <RetryTask {...props} types={types} changed={changed} />}
      </WhenLoaded>
    </Dialog>
  );
}

function RetryTask({ task, etag, types, changed, onClose, onDone }: TaskFormProps) {
  const { client, clock, messages } = useDashboard();
  const field = useMemo(() => payloadField(types.find(({ name }) => name === task.type)), [types, task.type]);
  // The form starts with “Now”, which is what the API does when no time is given.
  const based = useBasis({ task, etag }, (read) => formOf(field, read), changed);
  const { basis, filling, isBusy, isStale } = based;
  const [keyOf] = useState(createKeys);

  function retry(): void {
    const made = changesOf(field, basis.form, filling.form);
    if ('errors' in made) return filling.rejectUnsent(made.errors);
    const ifMatch = basis.etag;
    const begin = (body: TaskChanges) =>
      client.tasks.retry(task.id, body, { ifMatch, idempotencyKey: keyOf({ body, ifMatch }) });
    return based.send(async () => {
      const retried = await sendInTime(made.body, () => clock.now.peek(), begin);
      messages.done(`${quoted(retried.name)} will run again.`);
      onDone(retried);
    });
  }

  return (
    <TaskFormElement filling={filling} onSubmit={retry}>
      <WhenField filling={filling} sent="retried" />
      <PayloadPart key={basis.etag} filling={filling} field={field} />
      <Stale based={based} detail=": it may already have been retried" />
      <DialogFoot
        verb={isBusy ? 'Retrying…' : 'Retry'}
        isBusy={isBusy || isStale}
        onClose={onClose}
        takesFocus
      />
    </TaskFormElement>
  );
}
