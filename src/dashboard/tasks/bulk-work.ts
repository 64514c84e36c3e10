/** Applies an action to many tasks, some at a time, so that the user can see the progress and stop it. */
import type { ActionName, ActionResult, Client, TaskFilter } from '../../client/index.ts';

type Tasks = Pick<Client['tasks'], 'act' | 'list' | 'countFor'>;

/** Maximum number of tasks per call, which then takes a few seconds at most. */
const maxAtATime = 100;
/** Minimum number of tasks per call, if there are as many: they are acted on side by side. */
const minAtATime = 10;
/** Number of calls into which the work is split, so that its progress can be seen and it can be stopped. */
const calls = 10;
/** Number of tasks per dry run. */
const maxCounted = 1000;

/** Returns the ids of all tasks that a filter matches now. */
export async function idsMatching(tasks: Tasks, filter: TaskFilter, signal: AbortSignal): Promise<string[]> {
  const ids = new Set<string>();
  for await (const { id } of tasks.list(filter, { signal })) ids.add(id);
  return [...ids];
}

/** Returns how many of the tasks exist, by dry runs. */
export async function countThem(
  tasks: Tasks,
  action: ActionName,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  let known = 0;
  for (const some of parts(ids, maxCounted)) known += await tasks.countFor(action, { ids: some }, { signal });
  return known;
}

/** Yields the results part by part. @throws TaskbellError: what was done to the tasks of that part is unknown. */
export async function* actInParts(
  tasks: Tasks,
  action: ActionName,
  ids: readonly string[],
): AsyncGenerator<ActionResult[]> {
  const atATime = Math.min(maxAtATime, Math.max(minAtATime, Math.ceil(ids.length / calls)));
  for (const some of parts(ids, atATime)) yield await tasks.act(action, { ids: some });
}

function* parts(ids: readonly string[], size: number): Generator<readonly string[]> {
  for (let first = 0; first < ids.length; first += size) yield ids.slice(first, first + size);
}
