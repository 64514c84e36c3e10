/** The content of a task form, as it is entered, and where its errors are shown. */
import type { FieldError, Task } from '../../../client/index.ts';
import { createTaskInput } from '../../../contract/task.ts';
import { type Payload, payloadOf, payloadPointers } from './payload.ts';
import type { Field } from '../schema/schema.ts';
import type { When } from '../when.ts';
import { localTime, viewerZone } from '../zone.ts';

export const retryNames = [
  'max_retries',
  'initial_interval',
  'backoff_coefficient',
  'maximum_interval',
] as const;
export type RetryName = (typeof retryNames)[number];
export const limitNames = ['soft_time_limit', 'time_limit'] as const;
export type LimitName = (typeof limitNames)[number];

/** Fields that the form holds as the API has them. */
export const plainNames = ['name', 'description', 'tags', 'priority'] as const;
type PlainFields = Readonly<Pick<Task, (typeof plainNames)[number]>>;

const { retry, ...others } = createTaskInput.parse({ name: 'any', delay: 0 });

/** Values that the API uses for fields that are left out. */
export const defaults: Readonly<Record<RetryName | LimitName | 'priority', number>> = {
  ...retry,
  soft_time_limit: others.soft_time_limit,
  time_limit: others.time_limit,
  priority: others.priority,
};

export interface TaskForm extends PlainFields {
  readonly when: When;
  readonly payload: Payload;
  readonly numbers: Readonly<Record<RetryName | LimitName, string>>;
  /** Ids, one per line. */
  readonly after: string;
  readonly after_policy: 'completed' | 'any';
}

export function emptyForm(field: Field): TaskForm {
  return {
    name: '',
    description: '',
    when: { kind: 'in', seconds: 0, zone: viewerZone() },
    payload: payloadOf(field, undefined),
    tags: [],
    priority: defaults.priority,
    numbers: {
      max_retries: '',
      initial_interval: '',
      backoff_coefficient: '',
      maximum_interval: '',
      soft_time_limit: '',
      time_limit: '',
    },
    after: '',
    after_policy: 'completed',
  };
}

type Copied = PlainFields & Pick<Task, 'payload' | 'retry' | LimitName | 'after' | 'after_policy'>;

export function formOf(field: Field, task: Copied): TaskForm {
  const { payload, retry, soft_time_limit, time_limit } = task;
  const { max_retries, initial_interval, backoff_coefficient, maximum_interval } = retry;
  return {
    ...emptyForm(field),
    ...(Object.fromEntries(plainNames.map((name) => [name, task[name]])) as unknown as PlainFields),
    payload: payloadOf(field, payload),
    numbers: {
      max_retries: String(max_retries),
      initial_interval: String(initial_interval),
      backoff_coefficient: String(backoff_coefficient),
      maximum_interval: String(maximum_interval),
      soft_time_limit: String(soft_time_limit),
      time_limit: String(time_limit),
    },
    after: task.after.join('\n'),
    after_policy: task.after_policy,
  };
}

/**
 * Returns a form with a task's current values. `chosenAt` is its scheduled time, so that a past one is valid.
 */
export function editForm(field: Field, task: Task): TaskForm {
  const zone = viewerZone();
  const chosenAt = Date.parse(task.scheduled_time);
  return {
    ...formOf(field, task),
    when: { kind: 'at', local: localTime(chosenAt, zone), zone, chosenAt },
  };
}

export function numberPointer(name: RetryName | LimitName): string {
  return name === 'soft_time_limit' || name === 'time_limit' ? `/${name}` : `/retry/${name}`;
}

export function idsIn(text: string): string[] {
  return text.split(/[\s,]+/).filter((id) => id !== '');
}

/** Returns the pointers of all fields that can show an error. */
export function pointersOfForm({ payload }: TaskForm): readonly string[] {
  const numbers = [...retryNames, ...limitNames].map(numberPointer);
  const plain = plainNames.map((name) => `/${name}`);
  const others = ['/type', '/scheduled_time', '/after', '/after_policy'];
  return [...plain, ...others, ...numbers, ...payloadPointers(payload)];
}

/**
 * Maps an error's pointer to its form control, including items of a list and both ways of entering a time.
 */
export function asShown(errors: readonly FieldError[], { tags, after }: TaskForm): readonly FieldError[] {
  const lists = { tags, after: idsIn(after) };
  return errors.map((error) => {
    if (error.pointer === '/delay') return { ...error, pointer: '/scheduled_time' };
    const [, list, index] = /^\/(tags|after)\/(\d+)$/.exec(error.pointer) ?? [];
    if (list === undefined) return error;
    const item = lists[list as keyof typeof lists][Number(index)] ?? index;
    return { pointer: `/${list}`, message: `${item}: ${error.message}` };
  });
}
