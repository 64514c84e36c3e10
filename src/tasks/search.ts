/**
 * Builds visibility queries. Fields and operators are fixed here, and a value is accepted only if it can't be read as
 * anything else: the server's language has two kinds of quotes and two kinds of escapes, and stores differ in them.
 */
import type { TaskFilter } from '../contract/filter.ts';
import {
  deletionsWorkflowType,
  scheduledBy,
  searchAttributes,
  type StoredStatus,
  taskWorkflowType,
} from '../contract/names.ts';
import { workflowIdOf } from '../contract/run-id.ts';
import { searchableName, searchableTag } from '../contract/searchable.ts';
import type { EndedStatus, TaskStatus } from '../contract/status.ts';

const column = (key: keyof typeof searchAttributes): string => searchAttributes[key].name;

/**
 * SQLite uses one index for a query, and keeps no statistics from which to choose: to it, all equalities are alike. A list
 * of two values is a worse choice, and a range is better only where rows are grouped. So a condition says the same in one
 * of three ways, by how few rows it leaves.
 */
const equal = (name: string, value: string): string => `${name} = ${value}`;
const often = (name: string, value: string): string => `${name} IN (${value}, ${value})`;
const within = (name: string, value: string): string => `${name} BETWEEN ${value} AND ${value}`;

/** The condition that leaves the fewest rows, and how each is written for SQLite to use its index. */
const conditions = {
  /** The schedule, or else the owner; without either, that the run is open. */
  owner: { owner: equal, open: often, state: often },
  /** The status that the workflow recorded. Ended runs keep theirs, so it is of use if most runs are open. */
  state: { owner: often, open: often, state: equal },
  /** That the run is open. */
  open: { owner: often, open: equal, state: often },
  /** The schedule or the owner, when runs are grouped by execution status. */
  groups: { owner: within, open: often, state: often },
} as const;
export type Narrowest = keyof typeof conditions;

const taskType = `'${taskWorkflowType}'`;
/**
 * The second part adds nothing. If a query does not mention the division, the server adds that there is none, which is an
 * equality too: SQLite would look for workflow ids among all runs of the namespace.
 */
const everyTask = `${often('WorkflowType', taskType)} AND (WorkflowType = ${taskType} OR TemporalNamespaceDivision IS NULL)`;

/**
 * Matches all runs that meet a filter. For a retried task, that may be an earlier run.
 * @param now separates the tasks that still wait for their time from those that are due, in milliseconds.
 * @param narrowest changes what the query costs, not what it matches.
 */
export function runsMatching(filter: TaskFilter, now: number, narrowest: Narrowest = 'owner'): string {
  const { status: statuses } = filter;
  const isAny = filter.owner === undefined && filter.schedule === undefined;
  const by = isAny && narrowest === 'owner' ? 'open' : narrowest;
  return all([
    ...withAnyStatus(filter, by),
    ...(statuses ? [anyOf(statuses.map((one) => hasStatus(one, now, by)))] : []),
  ]);
}

/**
 * Returns two queries that together match the PENDING runs of {@link runsMatching}, each of which uses the index of what is
 * narrowest. As alternatives in one query, they would use none.
 */
export function pendingMatching(
  { status: _any, ...filter }: TaskFilter,
  now: number,
  narrowest: Narrowest,
): readonly string[] {
  const each = [hasRecorded('PENDING', narrowest), isDueUnrecorded(now)];
  return each.map((condition) => all([...withAnyStatus(filter, narrowest), open(condition, narrowest)]));
}

function withAnyStatus(filter: TaskFilter, narrowest: Narrowest): string[] {
  return [
    lasting(filter, narrowest),
    ...(filter.name === undefined
      ? []
      : [`${column('name')} STARTS_WITH ${text(searchableName(filter.name))}`]),
    ...(filter.tag ?? []).map((one) => `${column('tags')} = ${text(searchableTag(one))}`),
    ...since(column('scheduledAt'), filter.scheduled_after),
    ...until(column('scheduledAt'), filter.scheduled_before),
  ];
}

/** Returns the conditions of a filter that are the same for all runs of a task. */
function lasting(filter: TaskFilter, narrowest: Narrowest = 'owner'): string {
  const narrow = conditions[narrowest].owner;
  const { owner, schedule } = filter;
  // A schedule has fewer runs than its owner has.
  const byOwner = schedule === undefined ? narrow : often;
  return all([
    everyTask,
    ...(owner === undefined ? [] : [byOwner(column('owner'), word(owner))]),
    ...(schedule === undefined ? [] : [narrow(scheduledBy.name, word(schedule))]),
    ...(filter.type === undefined ? [] : [`${column('type')} = ${word(filter.type)}`]),
    ...since(column('createdAt'), filter.created_after),
    ...until(column('createdAt'), filter.created_before),
  ]);
}

/** Returns whether a filter, apart from its status, matches either all runs of a task or none. */
export function isLasting({ name, tag, scheduled_after, scheduled_before }: TaskFilter): boolean {
  return [name, tag, scheduled_after, scheduled_before].every((condition) => condition === undefined);
}

/** Matches the unfinished tasks of an owner: each has one open run. */
export function openRunsOf(owner: string): string {
  return all([lasting({ owner }), isOpen('owner')]);
}

/** Matches unfinished tasks that wait for predecessors; some of the paused ones do as well. */
export function waitingForOthers(): string {
  return all([everyTask, isOpen('open'), `${column('status')} IN ('AFTER', 'PAUSED')`]);
}

/** Matches the named tasks that are unfinished. */
export function unfinishedAmong(ids: readonly string[]): string {
  return all([amongIds(everyTask, ids), isOpen('owner')]);
}

/** Restricts a query to runs that have ended, in whatever way. */
export function endedRuns(query: string): string {
  return `${query} AND ExecutionStatus != 'Running'`;
}

/**
 * Version of a task that became due without a change since it was created: becoming due is its only write. A retry
 * starts with this version or a higher one.
 */
export const firstDueVersion = 2;

/**
 * Matches those that are PENDING at `now` and became due before an instant, both in milliseconds: what
 * {@link runsMatching} does for the status, by the rule of `dueSince` in src/tasks/pending.ts.
 */
export function pendingSince(before: number, now: number): string {
  const isBefore = (...keys: readonly (keyof typeof searchAttributes)[]): string =>
    keys.map((key) => `${column(key)} < ${instant(before)}`).join(' AND ');
  const pending = `${hasRecorded('PENDING', 'open')} AND ${column('version')}`;
  const each = [
    `(${isDueUnrecorded(now)} AND ${isBefore('scheduledAt', 'updatedAt')})`,
    `(${pending} = ${firstDueVersion} AND ${isBefore('scheduledAt', 'createdAt')})`,
    `(${pending} > ${firstDueVersion} AND ${isBefore('updatedAt')})`,
  ];
  return all([everyTask, open(anyOf(each), 'open')]);
}

function isOpen(narrowest: Narrowest): string {
  return conditions[narrowest].open('ExecutionStatus', "'Running'");
}

function open(condition: string, narrowest: Narrowest): string {
  return `(${isOpen(narrowest)} AND ${condition})`;
}

/** Holds for the runs that recorded a status, even if they have ended since. */
function hasRecorded(status: StoredStatus, narrowest: Narrowest): string {
  return conditions[narrowest].state(column('status'), `'${status}'`);
}

/** Holds if the task's time has come, but its workflow has not recorded that yet. */
function isDueUnrecorded(now: number): string {
  return `(${often(column('status'), "'SCHEDULED'")} AND ${column('scheduledAt')} <= ${instant(now)})`;
}

function hasStatus(wanted: TaskStatus, now: number, narrowest: Narrowest): string {
  switch (wanted) {
    case 'SCHEDULED': {
      const waits = `${column('status')} = 'SCHEDULED' AND ${column('scheduledAt')} > ${instant(now)}`;
      return open(`(${column('status')} IN ('PAUSED', 'AFTER') OR (${waits}))`, narrowest);
    }
    case 'PENDING':
      return open(`(${hasRecorded('PENDING', narrowest)} OR ${isDueUnrecorded(now)})`, narrowest);
    case 'RUNNING':
      return open(hasRecorded('RUNNING', narrowest), narrowest);
    case 'COMPLETED':
      return `ExecutionStatus = 'Completed'`;
    case 'FAILED':
      return `ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut')`;
    case 'CANCELLED':
      return `ExecutionStatus = 'Canceled'`;
  }
}

function all(conditions: readonly string[]): string {
  return conditions.join(' AND ');
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
  return `${everyTask} AND WorkflowId = ${workflowId(id)}`;
}

/**
 * Matches runs that retries started: every mark begins with a status. As a range, since SQLite has an index for it, and
 * looks through all runs of a namespace for IS NOT NULL.
 */
const isRetry = `${column('supersedes')} > 'A'`;

/** Matches runs that replaced earlier runs of these tasks in retries. */
export function replacementsOf(ids: readonly string[]): string {
  return `${amongIds(everyTask, ids)} AND ${isRetry}`;
}

/** Matches runs that replaced earlier runs in retries, by the conditions of a filter that all runs of a task share. */
export function retriesMatching(filter: TaskFilter): string {
  return `${lasting(filter)} AND ${isRetry}`;
}

/**
 * Matches those of {@link retriesMatching} that replaced a run which ended with this status at `ms` or later
 * (in milliseconds).
 */
export function retriesSince(filter: TaskFilter, ended: EndedStatus, ms: number): string {
  const from = supersededMark({ status: ended, closedAt: ms });
  const to = `${ended} 9`;
  return `${lasting(filter)} AND ${column('supersedes')} BETWEEN ${text(from)} AND ${text(to)}`;
}

export interface EndedRun {
  readonly status: EndedStatus;
  readonly closedAt: number;
}

/** Returns the mark of a run that replaced another: how that one ended, and when, so that marks can be found by age. */
export function supersededMark({ status, closedAt }: EndedRun): string {
  return `${status} ${new Date(closedAt).toISOString()}`;
}

/** Maximum number of ids in one query. */
const idsAtOnce = 50;

export function* idsForQueries(ids: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < ids.length; from += idsAtOnce) yield ids.slice(from, from + idsAtOnce);
}

/** Restricts a query to the runs of the named tasks. */
export function amongIds(query: string, ids: readonly string[]): string {
  return `${query} AND WorkflowId IN (${ids.map(workflowId).join(', ')})`;
}

/** Matches tasks written at or after an instant, and notices of deletions (src/tasks/deletions.ts). */
export function writtenSince(ms: number): string {
  const types = `WorkflowType IN ('${taskWorkflowType}', '${deletionsWorkflowType}')`;
  return `${types} AND ${column('updatedAt')} >= ${instant(ms)}`;
}

/** Matches tasks ended at or after an instant. The upper bound matters: open runs are stored as closing in 9999. */
export function closedSince(ms: number): string {
  return `${everyTask} AND CloseTime BETWEEN ${instant(ms)} AND '2100-01-01T00:00:00Z'`;
}

/**
 * Matches runs that ended in [from, to). The upper bound may exclude open runs too; the status does so in
 * every store.
 */
export function endedBetween({ owner }: Pick<TaskFilter, 'owner'>, from: number, to: number): string {
  const within = `CloseTime >= ${instant(from)} AND CloseTime < ${instant(to)}`;
  return endedRuns(`${lasting({ owner })} AND ${within}`);
}

/**
 * Matches those of {@link endedBetween} that must have started: cancelled runs may not have.
 * @param filter.share share of these runs to match, from 0 to 1, wherever they are in the period.
 */
export function ranBetween(
  { share, ...filter }: Pick<TaskFilter, 'owner'> & { readonly share?: number },
  from: number,
  to: number,
): string {
  const ran = `${endedBetween(filter, from, to)} AND ExecutionStatus IN ('Completed', 'Failed')`;
  return share === undefined ? ran : `${ran} AND ${belongsToShare(share)}`;
}

/** Number of hexadecimal digits by which a share of all tasks is chosen: enough for one in a million. */
const shareDigits = 6;

/** Matches a share of all tasks, always the same: their ids are random, so those below a bound are a random sample. */
function belongsToShare(share: number): string {
  const bound = Math.min(Math.round(share * 16 ** shareDigits), 16 ** shareDigits - 1);
  return `WorkflowId < ${word(bound.toString(16).padStart(shareDigits, '0'))}`;
}

function instant(ms: number): string {
  return `'${new Date(ms).toISOString()}'`;
}

/** Quotes a value. Rejects characters that could end or escape the quoted text; see src/contract/searchable.ts. */
function text(value: string): string {
  if (/['"`\\\p{Cc}]/u.test(value) || !value.isWellFormed()) {
    throw new TypeError(`Not safe as a text in a visibility query: ${JSON.stringify(value)}`);
  }
  return `'${value}'`;
}

/** Quotes the workflow id of a task. Those of runs of schedules have colons. */
function workflowId(taskId: string): string {
  const id = workflowIdOf(taskId);
  return id === taskId ? word(id) : text(id);
}

function word(value: string): string {
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(value)) {
    throw new TypeError(`Not safe as a value in a visibility query: ${JSON.stringify(value)}`);
  }
  return `'${value}'`;
}
