/**
 * Builds visibility queries. Fields and operators are fixed here, and a value gets in only if it cannot mean anything
 * but itself: the server's language knows two kinds of quotes and two kinds of escapes, and stores differ in them.
 */
import type { TaskFilter } from '../contract/filter.ts';
import { searchAttributes, taskWorkflowType } from '../contract/names.ts';
import { searchableName, searchableTag } from '../contract/searchable.ts';
import type { EndedStatus, TaskStatus } from '../contract/task.ts';

const everyTask = `WorkflowType = '${taskWorkflowType}'`;

const column = (key: keyof typeof searchAttributes): string => searchAttributes[key].name;

/**
 * All runs of tasks that fit a filter. Of a retried task that may be an earlier one.
 * @param now decides which of the tasks that wait for their time still do, in milliseconds.
 */
export function runsMatching(filter: TaskFilter, now: number): string {
  const { status: statuses } = filter;
  const mutable = [
    ...(filter.name === undefined
      ? []
      : [`${column('name')} STARTS_WITH ${text(searchableName(filter.name))}`]),
    ...(filter.tag ?? []).map((one) => `${column('tags')} = ${text(searchableTag(one))}`),
    ...since(column('scheduledAt'), filter.scheduled_after),
    ...until(column('scheduledAt'), filter.scheduled_before),
    ...(statuses ? [anyOf(statuses.map((one) => hasStatus(one, now)))] : []),
  ];
  return [lasting(filter), ...mutable].join(' AND ');
}

/** What is the same for all runs of a task. */
function lasting(filter: TaskFilter): string {
  return [
    everyTask,
    ...(filter.owner === undefined ? [] : [`${column('owner')} = ${word(filter.owner)}`]),
    ...(filter.type === undefined ? [] : [`${column('type')} = ${word(filter.type)}`]),
    ...since(column('createdAt'), filter.created_after),
    ...until(column('createdAt'), filter.created_before),
  ].join(' AND ');
}

/** Whether all runs of a task fit a filter, but for their status, where one does. */
export function isLasting({ name, tag, scheduled_after, scheduled_before }: TaskFilter): boolean {
  return [name, tag, scheduled_after, scheduled_before].every((condition) => condition === undefined);
}

/** The unfinished tasks of an owner: of each, one run is open. */
export function openRunsOf(owner: string): string {
  return `${lasting({ owner })} AND ExecutionStatus = 'Running'`;
}

/** Unfinished tasks that wait for others; some of the paused ones do as well. */
export function waitingForOthers(): string {
  return `${everyTask} AND ExecutionStatus = 'Running' AND ${column('status')} IN ('AFTER', 'PAUSED')`;
}

/** The unfinished ones of the named tasks. */
export function unfinishedAmong(ids: readonly string[]): string {
  return `${amongIds(everyTask, ids)} AND ExecutionStatus = 'Running'`;
}

/** Those of the runs that a query finds that have ended, in whatever way. */
export function endedRuns(query: string): string {
  return `${query} AND ExecutionStatus != 'Running'`;
}

function hasStatus(wanted: TaskStatus, now: number): string {
  const open = (condition: string): string => `(ExecutionStatus = 'Running' AND ${condition})`;
  const waits = `${column('status')} = 'SCHEDULED' AND ${column('scheduledAt')}`;
  switch (wanted) {
    case 'SCHEDULED':
      return open(`(${column('status')} IN ('PAUSED', 'AFTER') OR (${waits} > ${instant(now)}))`);
    case 'PENDING':
      // Its time has come, but its workflow has not said so yet.
      return open(`(${column('status')} = 'PENDING' OR (${waits} <= ${instant(now)}))`);
    case 'RUNNING':
      return open(`${column('status')} = 'RUNNING'`);
    case 'COMPLETED':
      return `ExecutionStatus = 'Completed'`;
    case 'FAILED':
      return `ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut')`;
    case 'CANCELLED':
      return `ExecutionStatus = 'Canceled'`;
  }
}

function anyOf(conditions: readonly string[]): string {
  return `(${conditions.join(' OR ')})`;
}

function since(attribute: string, at: string | undefined): string[] {
  return at === undefined ? [] : [`${attribute} >= ${instant(Date.parse(at))}`];
}

function until(attribute: string, at: string | undefined): string[] {
  return at === undefined ? [] : [`${attribute} < ${instant(Date.parse(at))}`];
}

export function runsOf(id: string): string {
  return `${everyTask} AND WorkflowId = ${word(id)}`;
}

/** Runs by which retries have replaced earlier runs of these tasks. */
export function replacementsOf(ids: readonly string[]): string {
  return `${amongIds(everyTask, ids)} AND ${column('supersedes')} IS NOT NULL`;
}

/** Runs by which retries have replaced earlier runs of tasks that fit a filter as all their runs do. */
export function retriesMatching(filter: TaskFilter): string {
  return `${lasting(filter)} AND ${column('supersedes')} IS NOT NULL`;
}

/** Those of them that replaced a run which ended so, at an instant (in milliseconds) or later. */
export function retriesSince(filter: TaskFilter, ended: EndedStatus, ms: number): string {
  const from = supersededMark({ status: ended, closedAt: ms });
  const to = `${ended} 9`;
  return `${lasting(filter)} AND ${column('supersedes')} BETWEEN ${text(from)} AND ${text(to)}`;
}

export interface EndedRun {
  readonly status: EndedStatus;
  readonly closedAt: number;
}

/** What a run says of the one that it replaced: how that ended, and when, so that such marks can be told by age. */
export function supersededMark({ status, closedAt }: EndedRun): string {
  return `${status} ${new Date(closedAt).toISOString()}`;
}

/** As many ids as one query may name. */
const idsAtOnce = 50;

export function* idsForQueries(ids: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < ids.length; from += idsAtOnce) yield ids.slice(from, from + idsAtOnce);
}

/** The named ones of the runs that a query finds. */
export function amongIds(query: string, ids: readonly string[]): string {
  return `${query} AND WorkflowId IN (${ids.map(word).join(', ')})`;
}

/** Tasks written at or after an instant. */
export function writtenSince(ms: number): string {
  return `${everyTask} AND ${column('updatedAt')} >= ${instant(ms)}`;
}

/** Tasks ended at or after an instant. The upper bound matters: open runs are stored as closing in the year 9999. */
export function closedSince(ms: number): string {
  return `${everyTask} AND CloseTime BETWEEN ${instant(ms)} AND '2100-01-01T00:00:00Z'`;
}

/** Runs that ended in [from, to). The upper bound keeps open runs out as well, and so does the status in every store. */
export function endedBetween({ owner }: Pick<TaskFilter, 'owner'>, from: number, to: number): string {
  const within = `CloseTime >= ${instant(from)} AND CloseTime < ${instant(to)}`;
  return endedRuns(`${lasting({ owner })} AND ${within}`);
}

/** Of those, the ones that must have begun: what was cancelled may not have. */
export function ranBetween(filter: Pick<TaskFilter, 'owner'>, from: number, to: number): string {
  return `${endedBetween(filter, from, to)} AND ExecutionStatus IN ('Completed', 'Failed')`;
}

function instant(ms: number): string {
  return `'${new Date(ms).toISOString()}'`;
}

/** Anything but what a quoted text could end or escape with; see src/contract/searchable.ts. */
function text(value: string): string {
  if (/['"`\\\p{Cc}]/u.test(value) || !value.isWellFormed()) {
    throw new TypeError(`Not a text that a visibility query can carry safely: ${JSON.stringify(value)}`);
  }
  return `'${value}'`;
}

function word(value: string): string {
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(value)) {
    throw new TypeError(`Not a value that a visibility query can carry safely: ${JSON.stringify(value)}`);
  }
  return `'${value}'`;
}
