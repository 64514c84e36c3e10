/** One thing done to many tasks, some at a time, so that one sees how it goes and can stop it. */
import type { ActionName, ActionResult, Client, TaskFilter } from '../../client/index.ts';

type Tasks = Pick<Client['tasks'], 'act' | 'list' | 'countFor'>;

/** A call about so many takes some seconds at the most. */
const atATime = 100;
/** Of a dry run. */
const mostCounted = 1000;

/** The ids of all tasks that a filter matches now. */
export async function idsMatching(tasks: Tasks, filter: TaskFilter, signal: AbortSignal): Promise<string[]> {
  const ids = new Set<string>();
  for await (const { id } of tasks.list(filter, { signal })) ids.add(id);
  return [...ids];
}

/** How many of them there are: a dry run. */
export async function countThem(
  tasks: Tasks,
  action: ActionName,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  let known = 0;
  for (const some of parts(ids, mostCounted))
    known += await tasks.countFor(action, { ids: some }, { signal });
  return known;
}

/** The results, part by part. @throws TaskbellError: of that part, nobody knows what has been done. */
export async function* actInParts(
  tasks: Tasks,
  action: ActionName,
  ids: readonly string[],
): AsyncGenerator<ActionResult[]> {
  for (const some of parts(ids, atATime)) yield await tasks.act(action, { ids: some });
}

function* parts(ids: readonly string[], size: number): Generator<readonly string[]> {
  for (let first = 0; first < ids.length; first += size) yield ids.slice(first, first + size);
}
