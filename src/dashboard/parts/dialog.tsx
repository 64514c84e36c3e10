import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { returnFocus } from './focus.ts';
import { Icon } from './icons.tsx';

/** Where the focus begins: where the dialog says, else in its first field, else on what it was opened for. */
const firstPlaces = [
  '[data-autofocus]',
  'input, select, textarea',
  '.dialog-foot .primary:not(:disabled)',
  '.dialog-foot button:not(:disabled)',
];

/** In front of the page, which is not to be reached meanwhile; Escape leaves it. The focus comes back afterwards. */
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
  const hasBegun = useRef(false);
  useLayoutEffect(() => {
    const before = document.activeElement;
    const element = dialog.current;
    element?.showModal();
    return () => {
      element?.close();
      // It may be gone by now, and with it what had the focus: the browser would leave it nowhere.
      queueMicrotask(() => returnFocus(before));
    };
  }, []);
  // At each rendering until there is something: what is shown may have to be loaded first.
  useLayoutEffect(() => {
    if (hasBegun.current) return;
    const first = firstPlaces
      .map((place) => dialog.current?.querySelector<HTMLElement>(place))
      .find((found) => found !== null);
    first?.focus();
    hasBegun.current = first !== undefined;
  });
  return (
    <dialog
      ref={dialog}
      class={wide ? 'dialog dialog-wide' : 'dialog'}
      aria-labelledby={heading}
      onCancel={(event) => {
        // Closed by whoever shows it, which then also forgets it.
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
