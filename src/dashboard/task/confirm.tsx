import type { ComponentChildren } from 'preact';
import { Dialog } from '../parts/dialog.tsx';

export function Confirm({
  title,
  verb,
  isBusy,
  onClose,
  onYes,
  children,
}: {
  title: string;
  verb: string;
  isBusy: boolean;
  onClose: () => void;
  onYes: () => void;
  children: ComponentChildren;
}) {
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{children}</p>
      <div class="dialog-foot">
        <button type="button" onClick={onClose}>
          Keep it
        </button>
        <button type="button" class="danger" disabled={isBusy} onClick={onYes}>
          {verb}
        </button>
      </div>
    </Dialog>
  );
}
