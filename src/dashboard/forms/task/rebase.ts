/** Puts the user's changes in a form on top of changes that others have made in the meantime. */
import { comparable } from '../comparable.ts';
import type { TaskForm } from './task-form.ts';

/** Merges field by field: fields that I have changed keep my value, all others take the newest one. */
export function rebased(mine: TaskForm, before: TaskForm, newest: TaskForm): TaskForm {
  const numbers = merged(mine.numbers, before.numbers, newest.numbers);
  return { ...merged(mine, before, newest), numbers };
}

function merged<T extends object>(mine: T, before: T, newest: T): T {
  const names = Object.keys(newest) as (keyof T)[];
  const isMine = (name: keyof T) => comparable(mine[name]) !== comparable(before[name]);
  return Object.fromEntries(names.map((name) => [name, (isMine(name) ? mine : newest)[name]])) as T;
}
