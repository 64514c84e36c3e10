/**
 * Ids of the runs of schedules. Temporal gives such a run the workflow id `s-KEY-TIME`: KEY is that of its schedule, and TIME
 * the time for which it was scheduled, to the second. As a task it has a UUID of version 7 with the same key and time, so
 * that both ids are known before the run starts, and each follows from the other. No other task has an id of version 7.
 */

const ofWorkflow = /^s-([0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})-(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)$/;
const ofTask = /^([0-9a-f]{8})-([0-9a-f]{4})-7([0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})$/;

/** Returns the id of the task that a workflow is: the same, unless it is the run of a schedule. */
export function taskIdOf(workflowId: string): string {
  const [, key = '', time = ''] = ofWorkflow.exec(workflowId) ?? [];
  const ms = Date.parse(time);
  return Number.isNaN(ms) || workflowIdFrom(key, ms) !== workflowId ? workflowId : taskIdFrom(key, ms);
}

/** Returns the id of the workflow that a task is: the same, unless it is the run of a schedule. */
export function workflowIdOf(taskId: string): string {
  const [, high = '', low = '', key = ''] = ofTask.exec(taskId) ?? [];
  const ms = Number.parseInt(high + low, 16);
  return Number.isNaN(ms) || ms % 1000 !== 0 || ms > maxMs ? taskId : workflowIdFrom(key, ms);
}

/** Returns the time for which a run of a schedule was scheduled, in milliseconds; undefined for any other task. */
export function nominalTimeOf(taskId: string): number | undefined {
  const workflowId = workflowIdOf(taskId);
  return workflowId === taskId ? undefined : Date.parse(ofWorkflow.exec(workflowId)?.[2] ?? '');
}

/** Returns the prefix of the workflow ids of a schedule's runs. @param scheduleId a UUID, of which all but 48 bits count. */
export function workflowIdPrefixOf(scheduleId: string): string {
  return `s-${keyOf(scheduleId)}`;
}

/** Returns the id of the task that a schedule starts for a time, in milliseconds. */
export function runIdOf(scheduleId: string, ms: number): string {
  return taskIdFrom(keyOf(scheduleId), Math.floor(ms / 1000) * 1000);
}

function keyOf(scheduleId: string): string {
  return scheduleId.slice(15);
}

/** The last time whose year has four digits. */
const maxMs = Date.UTC(10_000, 0, 1) - 1;

function taskIdFrom(key: string, ms: number): string {
  const time = ms.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${key}`;
}

function workflowIdFrom(key: string, ms: number): string {
  return `s-${key}-${new Date(ms).toISOString().replace('.000Z', 'Z')}`;
}

/**
 * Returns the input of a run with what the action of a schedule, which is the same for all of its runs, can't have.
 * @param startedAt start of the run, in milliseconds
 */
export function inputOfRun(input: unknown, workflowId: string, startedAt: number): unknown {
  const at = nominalTimeOf(taskIdOf(workflowId));
  if (at === undefined || typeof input !== 'object' || input === null) return input;
  return {
    scheduled_time: new Date(at).toISOString(),
    created_at: new Date(startedAt).toISOString(),
    ...input,
  };
}
