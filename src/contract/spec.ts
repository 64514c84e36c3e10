import type { JsonValue } from './json.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { truncateCharacters } from './text.ts';

/** The part of a task that its owner may edit until it starts. */
export interface TaskSpec {
  readonly name: string;
  readonly description: string;
  readonly scheduled_time: string;
  readonly payload: JsonValue;
  readonly tags: readonly string[];
  readonly priority: number;
  readonly retry: RetryPolicy;
  readonly soft_time_limit: number;
  readonly time_limit: number;
}

/**
 * The fields that an owner may set and edit, in one place. `listed` fields are copied to the workflow's memo,
 * so that lists show them; `kept` fields are in the input only, because of their size. A field missing here
 * is a compile error.
 */
const specFields = {
  name: 'listed',
  description: 'listed',
  scheduled_time: 'kept',
  payload: 'kept',
  tags: 'listed',
  priority: 'listed',
  retry: 'listed',
  soft_time_limit: 'listed',
  time_limit: 'listed',
} as const satisfies Record<keyof TaskSpec, 'listed' | 'kept'>;

/**
 * Values of the fields that a task's records lack: it was started before the field existed, or is not ours. Not the
 * defaults of new tasks, which can change.
 */
const missing: Omit<TaskSpec, 'scheduled_time' | 'payload'> = {
  name: '',
  description: '',
  tags: [],
  priority: 3,
  retry: { max_retries: 0, initial_interval: 60, backoff_coefficient: 2, maximum_interval: 3600 },
  soft_time_limit: 1500,
  time_limit: 1800,
};

/** Maximum length of a description in lists, in characters. */
const maxListedDescription = 200;

/** Names of the fields, in the order of {@link TaskSpec}. */
export const specNames = Object.keys(specFields) as (keyof TaskSpec)[];
const listedNames = specNames.filter((name) => specFields[name] === 'listed') as ListedField[];

type ListedField = {
  [K in keyof typeof specFields]: (typeof specFields)[K] extends 'listed' ? K : never;
}[keyof typeof specFields];

/** What lists show of a spec. A description is truncated to 200 characters. */
export type ListedSpec = Pick<TaskSpec, ListedField>;

type Incomplete = { readonly [K in keyof TaskSpec]?: TaskSpec[K] | undefined };

/** Returns only the editable part of a task. */
export function specOf(from: Incomplete & Pick<TaskSpec, 'scheduled_time' | 'payload'>): TaskSpec {
  return { ...missing, ...pick(from, specNames) } as TaskSpec;
}

/** Returns the fields of a spec that a request gives. */
export function specIn<T extends { readonly [K in keyof TaskSpec]?: unknown }>(request: T) {
  return pick(request, specNames);
}

/** Returns what lists show of a spec: the memo's part of it. */
export function listedOf(spec: Incomplete): ListedSpec {
  const listed = pick({ ...missing, ...pick(spec, listedNames) }, listedNames) as ListedSpec;
  return { ...listed, description: truncateCharacters(listed.description, maxListedDescription) };
}

/** Returns the named fields that are defined. */
function pick<T extends object, K extends keyof T>(from: T, names: readonly K[]) {
  const picked: { [P in K]?: T[P] } = {};
  for (const name of names) if (from[name] !== undefined) picked[name] = from[name];
  return picked as { [P in K]?: Exclude<T[P], undefined> };
}
