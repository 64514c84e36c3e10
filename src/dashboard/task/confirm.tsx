import type { ComponentChildren } from 'preact';
import { Dialog } from '../parts/dialog.tsx';

export function Confirm({
  title,
  verb,
  isBusy,
  failure,
  onClose,
  onYes,
  children,
}: {
  title: string;
  verb: string;
  isBusy: boolean;
  /** Why the action failed. Shown in the dialog, since what is behind it cannot be reached. */
  failure: string | undefined;
  onClose: () => void;
  onYes: () => void;
  children: ComponentChildren;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      <div role="alert">{failure !== undefined && <p class="problem">{failure}</p>}</div>
      <div class="dialog-foot">
        <button type="button" data-autofocus="" onClick={onClose}>
          Keep task
        </button>
        <button type="button" class="danger" aria-disabled={isBusy} onClick={() => !isBusy && onYes()}>
          {verb}
        </button>
      </div>
    </Dialog>
  );
}
