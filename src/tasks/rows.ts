/** Complete lists from visibility, page by page: they may lag by two seconds. */
import type { Execution } from './execution.ts';
import { runsOf } from './search.ts';
import type { TaskStore } from './store.ts';

/** Rows per page. A row takes up to 5 kB, and the size of a gRPC message is limited. */
const rowsPerPage = 200;

/** Returns the runs of a task. Visibility may not list the newest one yet. */
export function allRunsOf(store: TaskStore, id: string): Promise<Execution[]> {
  return allRows(store, runsOf(id));
}

/** Returns all runs that match a query. */
export async function allRows(
  store: Pick<TaskStore, 'list'>,
  query: string,
  pageSize = rowsPerPage,
): Promise<Execution[]> {
  const rows: Execution[] = [];
  let token: Uint8Array | undefined;
  do {
    const page = await store.list(query, pageSize, token);
    rows.push(...page.executions);
    token = page.nextPageToken;
  } while (token);
  return rows;
}
