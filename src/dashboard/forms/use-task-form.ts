import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { FieldError } from '../../client/index.ts';
import { focusFirstWrong } from './field.tsx';
import type { ErrorsAt } from './part-props.ts';
import { isWithin, placeErrors } from './pointers.ts';
import { asShown, pointersOfForm, type TaskForm } from './task-form.ts';

/** What is being filled in, and what is wrong with it. */
export interface Filling {
  readonly form: TaskForm;
  /** The form that is shown. */
  readonly element: RefObject<HTMLFormElement | null>;
  readonly errorsAt: ErrorsAt;
  /** Those that have no field. */
  readonly elsewhere: readonly FieldError[];
  /** @param at pointers of what has changed: what was said about it is no longer true. */
  change(change: Partial<TaskForm>, ...at: readonly string[]): void;
  /** Shows what is wrong, and leads to the first of it. */
  refuse(errors: readonly FieldError[]): void;
  /** The same where nothing has been sent: what the service has said of other fields still holds. */
  refuseUnsent(errors: readonly FieldError[]): void;
  /** Anew, from what is filled in by then. */
  reset(next: (form: TaskForm) => TaskForm): void;
}

export function useTaskForm(initial: () => TaskForm): Filling {
  const [form, setForm] = useState(initial);
  /** What the service has said, and what was seen without it. */
  const [told, setTold] = useState<readonly FieldError[]>([]);
  const [seen, setSeen] = useState<readonly FieldError[]>([]);
  const [refusals, setRefusals] = useState(0);
  const element = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (refusals > 0) focusFirstWrong(element.current);
  }, [refusals]);
  const { at, elsewhere } = useMemo(
    () => placeErrors(asShown(together(seen, told), form), pointersOfForm(form)),
    [seen, told, form],
  );
  const isAbout = ({ pointer }: FieldError, changed: string): boolean =>
    isWithin(pointer, changed) || isWithin(changed, pointer) || pointer === '';
  return {
    form,
    errorsAt: (pointer) => at.get(pointer) ?? [],
    element,
    elsewhere,
    change(change, ...pointers) {
      setForm((before) => ({ ...before, ...change }));
      const leftOf = (before: readonly FieldError[]): readonly FieldError[] => {
        const left = before.filter((error) => !pointers.some((changed) => isAbout(error, changed)));
        return left.length === before.length ? before : left;
      };
      setTold(leftOf);
      setSeen(leftOf);
    },
    refuse(wrong) {
      setTold(wrong);
      setSeen([]);
      setRefusals((before) => before + 1);
    },
    refuseUnsent(wrong) {
      setTold((before) => before.filter(({ pointer }) => pointer !== ''));
      setSeen(wrong);
      setRefusals((before) => before + 1);
    },
    reset(next) {
      setForm(next);
      setTold([]);
      setSeen([]);
    },
  };
}

/** The same is not said twice. */
function together(some: readonly FieldError[], more: readonly FieldError[]): readonly FieldError[] {
  const isNew = ({ pointer, message }: FieldError): boolean =>
    !some.some((known) => known.pointer === pointer && known.message === message);
  return [...some, ...more.filter(isNew)];
}
