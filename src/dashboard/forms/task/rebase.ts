/** Puts the user's changes in a form on top of changes that others have made in the meantime. */
import { limitNames, retryNames, type TaskForm } from './task-form.ts';

/** Merges field by field: fields that I have changed keep my value, all others take the newest one. */
export function rebased(mine: TaskForm, before: TaskForm, newest: TaskForm): TaskForm {
  const pick = <K extends keyof TaskForm>(name: K): TaskForm[K] =>
    choose(mine[name], before[name], newest[name]);
  const number = (name: keyof TaskForm['numbers']) =>
    [name, choose(mine.numbers[name], before.numbers[name], newest.numbers[name])] as const;
  return {
    ...newest,
    name: pick('name'),
    description: pick('description'),
    when: pick('when'),
    payload: pick('payload'),
    tags: pick('tags'),
    priority: pick('priority'),
    numbers: Object.fromEntries([...retryNames, ...limitNames].map(number)) as TaskForm['numbers'],
  };
}

function choose<T>(mine: T, before: T, newest: T): T {
  return comparable(mine) === comparable(before) ? newest : mine;
}

/** Serialises a value including the maps of drafts, which JSON would leave out. */
function comparable(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (inner instanceof Map ? [...inner] : inner));
}
