/**
 * Builds visibility queries. Fields and operators are fixed here, and a value gets in only if it cannot mean anything
 * but itself: the server's language knows two kinds of quotes and two kinds of escapes, and stores differ in them.
 */
import { searchAttributes, taskWorkflowType } from '../contract/names.ts';

const everyTask = `WorkflowType = '${taskWorkflowType}'`;

/** All runs of tasks; of one owner, where one is named. */
export function tasksOf(owner: string | undefined): string {
  return owner === undefined ? everyTask : `${everyTask} AND ${searchAttributes.owner.name} = ${word(owner)}`;
}

export function runsOf(id: string): string {
  return `${everyTask} AND WorkflowId = ${word(id)}`;
}

/** Runs by which retries have replaced earlier runs of these tasks. */
export function replacementsOf(ids: readonly string[]): string {
  return `${everyTask} AND WorkflowId IN (${ids.map(word).join(', ')}) AND ${searchAttributes.supersedes.name} IS NOT NULL`;
}

/** Tasks written at or after an instant. */
export function writtenSince(ms: number): string {
  return `${everyTask} AND ${searchAttributes.updatedAt.name} >= ${instant(ms)}`;
}

/** Tasks ended at or after an instant. The upper bound matters: open runs are stored as closing in the year 9999. */
export function closedSince(ms: number): string {
  return `${everyTask} AND CloseTime BETWEEN ${instant(ms)} AND '2100-01-01T00:00:00Z'`;
}

function instant(ms: number): string {
  return `'${new Date(ms).toISOString()}'`;
}

function word(value: string): string {
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(value)) {
    throw new TypeError(`Not a value that a visibility query can carry safely: ${JSON.stringify(value)}`);
  }
  return `'${value}'`;
}
