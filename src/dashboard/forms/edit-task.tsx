import { useState } from 'preact/hooks';
import type { Task } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { Dialog } from '../parts/dialog.tsx';
import { useDoing } from '../parts/use-doing.ts';

interface Props {
  readonly task: Task;
  readonly etag: string;
  readonly onClose: () => void;
  readonly onDone: (task: Task) => void;
}

export function EditTaskDialog({ task, etag, onClose, onDone }: Props) {
  const { client } = useDashboard();
  const { isBusy, run } = useDoing();
  const [name, setName] = useState(task.name);
  const save = (): void =>
    run(async () => onDone(await client.tasks.edit(task.id, { name }, { ifMatch: etag })));
  return (
    <Dialog title="Edit the task" onClose={onClose}>
      <label class="field">
        <span>Name</span>
        <input value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <div class="dialog-foot">
        <button type="button" class="primary" disabled={isBusy} onClick={save}>
          Save
        </button>
      </div>
    </Dialog>
  );
}
