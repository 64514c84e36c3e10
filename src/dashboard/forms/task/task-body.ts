/** Turns forms into request bodies, or finds their errors before anything is sent. */
import type { FieldError, NewTask, TaskChanges } from '../../../client/index.ts';
import { checkLocally } from './check-locally.ts';
import { readPayload } from './payload.ts';
import { requiredMessage } from '../schema/read-draft.ts';
import type { Field } from '../schema/schema.ts';
import {
  emptyForm,
  idsIn,
  type LimitName,
  limitNames,
  numberPointer,
  plainNames,
  type RetryName,
  retryNames,
  type TaskForm,
} from './task-form.ts';
import { timeOf } from '../when.ts';

export type Made<T> = { readonly body: T } | { readonly errors: readonly FieldError[] };

/** Returns the body of the request that creates the task. */
export function newTask(field: Field, type: string, form: TaskForm): Made<NewTask> {
  const time = timeOf(form.when);
  const payload = readPayload(field, form.payload);
  const { values, errors } = readNumbers(form);
  const after = idsIn(form.after);
  const { soft_time_limit, time_limit, ...retry } = values;
  const body = {
    ...plainChanges(emptyForm(field), form),
    name: form.name,
    type,
    ...('problem' in time ? { delay: 0 } : time),
    payload: payload.value ?? {},
    ...(Object.keys(retry).length === 0 ? {} : { retry }),
    ...(soft_time_limit === undefined ? {} : { soft_time_limit }),
    ...(time_limit === undefined ? {} : { time_limit }),
    ...(after.length === 0 ? {} : { after, after_policy: form.after_policy }),
  };
  const wrong = [...timeErrors(time), ...payload.errors, ...errors, ...checkLocally('create', body)];
  return wrong.length > 0 ? { errors: wrong } : { body };
}

/** Returns the body of a request that changes the task: only what differs from before. */
export function changesOf(field: Field, before: TaskForm, form: TaskForm): Made<TaskChanges> {
  const time = timeOf(form.when);
  const isSameTime = JSON.stringify(time) === JSON.stringify(timeOf(before.when));
  const payload = readPayload(field, form.payload);
  const isSamePayload =
    JSON.stringify(payload.value) === JSON.stringify(readPayload(field, before.payload).value);
  const { values, errors } = readNumbers(form, before);
  const { soft_time_limit, time_limit, ...retry } = values;
  const body = {
    ...plainChanges(before, form),
    ...(isSameTime || 'problem' in time ? {} : time),
    ...(isSamePayload ? {} : { payload: payload.value }),
    ...(Object.keys(retry).length === 0 ? {} : { retry }),
    ...(soft_time_limit === undefined ? {} : { soft_time_limit }),
    ...(time_limit === undefined ? {} : { time_limit }),
  };
  const wrong = [
    ...(isSameTime ? [] : timeErrors(time)),
    ...payload.errors,
    ...errors,
    ...checkLocally('edit', body),
  ];
  return wrong.length > 0 ? { errors: wrong } : { body };
}

/** Returns the plain fields that differ from before. */
function plainChanges(
  before: TaskForm,
  form: TaskForm,
): Partial<Pick<TaskChanges, (typeof plainNames)[number]>> {
  const changed = plainNames.filter((name) => JSON.stringify(form[name]) !== JSON.stringify(before[name]));
  return Object.fromEntries(changed.map((name) => [name, form[name]]));
}

type Numbers = Partial<Record<RetryName | LimitName, number>>;

/**
 * @param before if given, reads only what differs from it, and reports numbers that were removed as errors.
 */
function readNumbers({ numbers }: TaskForm, before?: TaskForm): { values: Numbers; errors: FieldError[] } {
  const values: Numbers = {};
  const errors: FieldError[] = [];
  for (const name of [...retryNames, ...limitNames]) {
    const text = numbers[name].trim();
    if (text === before?.numbers[name] || (text === '' && !before)) continue;
    const value = Number(text);
    if (text === '') errors.push({ pointer: numberPointer(name), message: requiredMessage });
    else if (!Number.isFinite(value)) {
      errors.push({ pointer: numberPointer(name), message: 'Must be a number.' });
    } else values[name] = value;
  }
  return { values, errors };
}

function timeErrors(time: ReturnType<typeof timeOf>): FieldError[] {
  return 'problem' in time ? [{ pointer: '/scheduled_time', message: time.problem }] : [];
}
