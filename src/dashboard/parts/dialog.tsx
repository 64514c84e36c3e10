import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { returnFocus } from './focus.ts';
import { Icon } from './icons.tsx';

/** Initial focus, first match wins: a marked element, the first field, the primary button, any button. */
const firstPlaces = [
  '[data-autofocus]',
  'input, select, textarea',
  '.dialog-foot .primary:not(:disabled)',
  '.dialog-foot button:not(:disabled)',
];

/**
 * A modal dialog: the page behind it is out of reach, and Escape closes it. The focus returns afterwards.
 * @param isChanged returns whether the dialog contains work that closing it would lose. Then it asks first.
 */
export function Dialog({
  title,
  wide = false,
  isChanged = () => false,
  onClose,
  children,
}: {
  title: string;
  wide?: boolean;
  isChanged?: () => boolean;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const [isAsking, setAsking] = useState(false);
  const leave = (): void => {
    if (isAsking) setAsking(false);
    else if (isChanged()) setAsking(true);
    else onClose();
  };
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  const hasFocused = useRef(false);
  useLayoutEffect(() => {
    const before = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
      // The dialog may have been removed together with the focused element, which leaves the focus nowhere.
      queueMicrotask(() => returnFocus(before));
    };
  }, []);
  // Tried at each rendering until an element is found, since the content may have to be loaded first.
  useLayoutEffect(() => {
    if (hasFocused.current) return;
    const first = firstPlaces
      .map((place) => dialog.current?.querySelector<HTMLElement>(place))
      .find((found) => found !== null);
    // The dialog begins with what comes before it.
    first?.focus({ preventScroll: true });
    hasFocused.current = first !== undefined;
  });
  return (
    <dialog
      ref={dialog}
      class={wide ? 'dialog dialog-wide' : 'dialog'}
      aria-labelledby={heading}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        // Browsers close a dialog at the second Escape, whatever its cancel event says.
        event.preventDefault();
        leave();
      }}
      onCancel={(event) => {
        // The parent closes the dialog, by no longer rendering it.
        event.preventDefault();
        leave();
      }}
    >
      <header class="dialog-head">
        <h2 id={heading}>{title}</h2>
        <button type="button" class="icon-button" aria-label="Close" onClick={leave}>
          <Icon name="cross" />
        </button>
      </header>
      {children}
      {isAsking && <LeaveQuestion onKeep={() => setAsking(false)} onDiscard={onClose} />}
    </dialog>
  );
}

function LeaveQuestion({ onKeep, onDiscard }: { onKeep: () => void; onDiscard: () => void }) {
  const keep = useRef<HTMLButtonElement>(null);
  const words = useId();
  useLayoutEffect(() => {
    const before = document.activeElement;
    keep.current?.focus();
    // The button still has the focus, and is removed after this.
    return () => queueMicrotask(() => returnFocus(before));
  }, []);
  return (
    <div class="dialog-question" role="alertdialog" aria-labelledby={words}>
      <p id={words}>Discard your changes?</p>
      <button ref={keep} type="button" class="small" onClick={onKeep}>
        Keep editing
      </button>
      <button type="button" class="small danger" onClick={onDiscard}>
        Discard changes
      </button>
    </div>
  );
}
