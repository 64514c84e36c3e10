import { expect } from 'vitest';
import type { TaskSummary } from '../../src/contract/task.ts';
import type { Caller } from './caller.ts';

/** Where the next page of a list is, by its Link header. */
export function nextPage(headers: Headers): string | undefined {
  return /^<([^>]+)>; rel="next"$/.exec(headers.get('Link') ?? '')?.[1];
}

/** All pages of a list. @param query its parameters. */
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

/** A parameter string; several values of one name where an array is given. */
export function queryString(parameters: Record<string, string | readonly string[]>): string {
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(parameters)) {
    for (const value of [values].flat()) query.append(name, value);
  }
  return query.toString();
}
