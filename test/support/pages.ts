import { expect } from 'vitest';
import type { TaskSummary } from '../../src/contract/task.ts';
import type { Caller } from './caller.ts';

/** Returns the path of a list's next page, from the Link header. */
export function nextPage(headers: Headers): string | undefined {
  return /^<([^>]+)>; rel="next"$/.exec(headers.get('Link') ?? '')?.[1];
}

/** Reads all pages of a list. @param query the list's parameters. */
export async function allPages(caller: Caller, query: string): Promise<TaskSummary[][]> {
  const found: TaskSummary[][] = [];
  for (let path: string | undefined = `/api/tasks/?${query}`; path !== undefined;) {
    const answer: Awaited<ReturnType<typeof caller.call<TaskSummary[]>>> = await caller.call('GET', path);
    expect(answer, path).toMatchObject({ status: 200 });
    found.push(answer.body);
    path = nextPage(answer.headers);
  }
  return found;
}

/** Returns a query string. An array becomes several values of one name. */
export function queryString(parameters: Record<string, string | readonly string[]>): string {
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(parameters)) {
    for (const value of [values].flat()) query.append(name, value);
  }
  return query.toString();
}
