/** The filter of the list as part of the address, under the API's own names, so that it can be shared. */
import { filterFields, taskFilter } from '../../contract/filter.ts';
import { taskStatus } from '../../contract/task.ts';
import type { TaskFilter } from '../../client/index.ts';

export type FilterName = keyof TaskFilter;

const names = Object.keys(filterFields) as FilterName[];
const several: ReadonlySet<FilterName> = new Set(['status', 'tag']);

export interface ReadFilter {
  readonly filter: TaskFilter;
  /** What is wrong with parameters that the API would not accept; they are left out of the filter. */
  readonly problems: readonly string[];
}

/** Reads the filter from an address. */
export function readFilter(parameters: URLSearchParams): ReadFilter {
  const problems: string[] = [];
  const filter: Record<string, unknown> = {};
  for (const name of new Set(parameters.keys())) {
    if (!isFilterName(name)) {
      problems.push(`Unknown filter “${name}”.`);
      continue;
    }
    const values = parameters.getAll(name).filter((value) => value !== '');
    if (values.length === 0) continue;
    const value = several.has(name) ? values : values.at(-1);
    const { success, data } = taskFilter.safeParse({ [name]: value });
    if (success) filter[name] = data[name];
    else problems.push(`“${name}”: ${checkFilter(name, value) ?? 'Invalid value.'}`);
  }
  return { filter, problems };
}

/** Returns what is wrong with a value, as text for users. */
export function checkFilter(name: FilterName, value: unknown): string | undefined {
  const { success, error } = taskFilter.safeParse({ [name]: value });
  if (success) return undefined;
  if (name === 'status') return `Unknown status. Valid values: ${taskStatus.options.join(', ')}.`;
  return error.issues[0]?.message ?? 'Invalid value.';
}

/** Returns the address of the list with a filter. */
export function filterPath(filter: TaskFilter): string {
  const parameters = new URLSearchParams();
  for (const name of names) {
    const value = filter[name];
    if (value === undefined) continue;
    parameters.set(name, typeof value === 'string' ? value : value.join(','));
  }
  return parameters.size === 0 ? '/tasks' : `/tasks?${parameters.toString().replaceAll('%2C', ',')}`;
}

/** Returns the filter with some fields changed; those that become undefined or empty are left out. */
export function withChanges(filter: TaskFilter, changes: Partial<Record<FilterName, unknown>>): TaskFilter {
  const all: Record<string, unknown> = { ...filter, ...changes };
  const kept = Object.entries(all).filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(kept);
}

function isFilterName(name: string): name is FilterName {
  return (names as string[]).includes(name);
}
