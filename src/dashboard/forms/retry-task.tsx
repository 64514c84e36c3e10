import type { Task } from '../../client/index.ts';
import { useDashboard } from '../dashboard.ts';
import { Dialog } from '../parts/dialog.tsx';
import { useDoing } from '../parts/use-doing.ts';

interface Props {
  readonly task: Task;
  readonly onClose: () => void;
  readonly onDone: (task: Task) => void;
}

export function RetryTaskDialog({ task, onClose, onDone }: Props) {
  const { client } = useDashboard();
  const { isBusy, run } = useDoing();
  const retry = (): void => run(async () => onDone(await client.tasks.retry(task.id)));
  return (
    <Dialog title="Retry the task" onClose={onClose}>
      <p>A new run begins.</p>
      <div class="dialog-foot">
        <button type="button" class="primary" disabled={isBusy} onClick={retry}>
          Retry
        </button>
      </div>
    </Dialog>
  );
}
