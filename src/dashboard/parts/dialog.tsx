import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { returnFocus } from './focus.ts';
import { Icon } from './icons.tsx';

/** Initial focus, first match wins: a marked element, the first field, the primary button, any button. */
const firstPlaces = [
  '[data-autofocus]',
  'input, select, textarea',
  '.dialog-foot .primary:not(:disabled)',
  '.dialog-foot button:not(:disabled)',
];

/** A modal dialog: the page behind it is out of reach, and Escape closes it. The focus returns afterwards. */
export function Dialog({
  title,
  wide = false,
  onClose,
  children,
}: {
  title: string;
  wide?: boolean;
  onClose: () => void;
  children: ComponentChildren;
}) {
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
    first?.focus();
    hasFocused.current = first !== undefined;
  });
  return (
    <dialog
      ref={dialog}
      class={wide ? 'dialog dialog-wide' : 'dialog'}
      aria-labelledby={heading}
      onCancel={(event) => {
        // The parent closes the dialog, by no longer rendering it.
        event.preventDefault();
        onClose();
      }}
    >
      <header class="dialog-head">
        <h2 id={heading}>{title}</h2>
        <button type="button" class="icon-button" aria-label="Close" onClick={onClose}>
          <Icon name="cross" />
        </button>
      </header>
      {children}
    </dialog>
  );
}
