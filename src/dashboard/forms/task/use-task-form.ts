import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { FieldError } from '../../../client/index.ts';
import { focusFirstWrong } from '../field.tsx';
import type { ErrorsAt } from '../schema/part-props.ts';
import { isWithin } from '../../../lib/pointer.ts';
import { placeErrors } from './pointers.ts';
import { asShown, pointersOfForm, type TaskForm } from './task-form.ts';

/** A form being filled in, and its errors. */
export interface Filling {
  readonly form: TaskForm;
  /** The form element. */
  readonly element: RefObject<HTMLFormElement | null>;
  readonly errorsAt: ErrorsAt;
  /** Errors that belong to no field. */
  readonly elsewhere: readonly FieldError[];
  /** @param at pointers of what has changed; their errors are cleared. */
  change(change: Partial<TaskForm>, ...at: readonly string[]): void;
  /** Shows errors that the service has reported, and focuses the first. */
  reject(errors: readonly FieldError[]): void;
  /**
   * Shows errors found before sending, and focuses the first. Errors that the service has reported for other
   * fields stay.
   */
  rejectUnsent(errors: readonly FieldError[]): void;
  /** Replaces the form with one computed from its content at that moment, and clears all errors. */
  reset(next: (form: TaskForm) => TaskForm): void;
}

export function useTaskForm(initial: () => TaskForm): Filling {
  const [form, setForm] = useState(initial);
  /** Errors that the service has reported, and errors found before sending. */
  const [reported, setReported] = useState<readonly FieldError[]>([]);
  const [found, setFound] = useState<readonly FieldError[]>([]);
  const [rejections, setRejections] = useState(0);
  const element = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (rejections > 0) focusFirstWrong(element.current);
  }, [rejections]);
  const { at, elsewhere } = useMemo(
    () => placeErrors(asShown(together(found, reported), form), pointersOfForm(form)),
    [found, reported, form],
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
      setReported(leftOf);
      setFound(leftOf);
    },
    reject(wrong) {
      setReported(wrong);
      setFound([]);
      setRejections((before) => before + 1);
    },
    rejectUnsent(wrong) {
      setReported((before) => before.filter(({ pointer }) => pointer !== ''));
      setFound(wrong);
      setRejections((before) => before + 1);
    },
    reset(next) {
      setForm(next);
      setReported([]);
      setFound([]);
    },
  };
}

/** Joins two lists of errors, leaving out duplicates. */
function together(some: readonly FieldError[], more: readonly FieldError[]): readonly FieldError[] {
  const isNew = ({ pointer, message }: FieldError): boolean =>
    !some.some((known) => known.pointer === pointer && known.message === message);
  return [...some, ...more.filter(isNew)];
}
