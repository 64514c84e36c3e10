/** Buttons that add and remove the items of a list. */
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from '../../parts/icons.tsx';

export function AddButton({
  onClick,
  add,
}: {
  onClick: () => void;
  add: RefObject<HTMLButtonElement | null>;
}) {
  return (
    <div>
      <button ref={add} type="button" class="small" onClick={onClick}>
        <Icon name="plus" />
        Add
      </button>
    </div>
  );
}

export function RemoveButton({ name, onClick }: { name: string; onClick: () => void }) {
  return (
    <button type="button" class="icon-button" aria-label={`Remove ${name}`} onClick={onClick}>
      <Icon name="cross" />
    </button>
  );
}

/** Moves the focus into an added item, or to the Add button when a row is removed with its focused button. */
export function useGrowing(length: number) {
  const list = useRef<HTMLDivElement>(null);
  const add = useRef<HTMLButtonElement>(null);
  const grows = useRef(false);
  useLayoutEffect(() => {
    if (!grows.current) return;
    grows.current = false;
    list.current?.lastElementChild?.querySelector<HTMLElement>('input, textarea, select')?.focus();
  }, [length]);
  return {
    list,
    add,
    grow(action: () => void): void {
      grows.current = true;
      action();
    },
    shrink(action: () => void): void {
      action();
      add.current?.focus();
    },
  };
}
