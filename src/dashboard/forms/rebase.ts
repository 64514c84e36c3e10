/** What somebody has changed in a form, on top of what others have changed meanwhile. */
import { limitNames, retryNames, type TaskForm } from './task-form.ts';

/** Field by field: what differs from how it was is mine, everything else is as it is by now. */
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

/** Drafts have maps, which JSON leaves out. */
function comparable(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (inner instanceof Map ? [...inner] : inner));
}
