/** The contenders of the parts that run tasks: each creates tasks, and says when they were done. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Stage } from './stage.ts';
import { type CpuTimes, cpuTimes } from './cpu.ts';
import { aRequest } from './task.ts';

/** A service, or a library with a worker, that runs tasks at their time. */
export interface Contender {
  readonly name: string;
  /** Creates a task. @returns its id. */
  create(dueAt: Date): Promise<string>;
  /** Waits until the tasks are done. Called shortly before they are due. @returns a function that says when each was. */
  untilDone(tasks: Batch): Promise<() => Promise<Date[]>>;
  /** Returns the CPU time of all its processes so far: those that serve it, and those that run its tasks. */
  cpu(): CpuTimes;
  /** Reads the status of an ended task, with its result. */
  readonly readStatus?: (id: string) => Promise<unknown>;
  /** Lists a hundred tasks. */
  readonly list?: () => Promise<unknown>;
}

/** Tasks that are due together. */
export interface Batch {
  readonly ids: readonly string[];
  readonly dueAt: Date;
  /** Before the first of them was created. */
  readonly since: Date;
}

/** Interval at which the end of all tasks is looked for, in milliseconds. Rare, since it costs the server CPU time. */
const askEveryMs = 500;
const deadlineMs = 120_000;
const listed = 100;

export async function temporalContenders(stage: Stage): Promise<Contender[]> {
  return [bareContender(stage), await taskbellContender(stage)];
}

function bareContender({ temporal, bare, pids }: Stage): Contender {
  return {
    name: 'bare',
    create: (dueAt) => bare.start(dueAt),
    untilDone: (batch) => untilClosed(temporal, bare.taskQueue, batch),
    cpu: () => cpuTimes({ server: pids.server, worker: bare.workerPid }),
    async readStatus(id) {
      const handle = temporal.workflow.getHandle(id);
      await Promise.all([handle.describe(), handle.result()]);
    },
    list: () => firstRows(temporal, `TaskOwner = '${bare.owner}'`),
  };
}

async function taskbellContender(stage: Stage): Promise<Contender> {
  const { temporal, service, pids } = stage;
  const { http } = await stage.signIn();
  return {
    name: 'taskbell',
    async create(dueAt) {
      const task = JSON.parse(await http.send('POST', '/api/tasks/', 201, aRequest(dueAt))) as { id: string };
      return task.id;
    },
    untilDone: (batch) => untilClosed(temporal, service.taskQueue, batch),
    cpu: () => cpuTimes(pids),
    readStatus: (id) => http.send('GET', `/api/tasks/${id}/status/`, 200),
    list: () => http.send('GET', `/api/tasks/?limit=${listed}`, 200),
  };
}

type Temporal = Stage['temporal'];

async function untilClosed(
  temporal: Temporal,
  taskQueue: string,
  { ids, dueAt, since }: Batch,
): Promise<() => Promise<Date[]>> {
  const query = `TaskQueue = '${taskQueue}' AND StartTime >= '${since.toISOString()}' AND ExecutionStatus = 'Completed'`;
  await sleep(dueAt.getTime() - Date.now() + askEveryMs);
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const { count } = await temporal.workflow.count(query);
    if (count >= ids.length) break;
    if (Date.now() > deadline)
      throw new Error(`Only ${count} of ${ids.length} tasks have completed: ${query}`);
    await sleep(askEveryMs);
  }
  return async () => {
    const closed: Date[] = [];
    for await (const { closeTime } of temporal.workflow.list({ query, pageSize: 1000 })) {
      if (closeTime) closed.push(closeTime);
    }
    return closed;
  };
}

async function firstRows(temporal: Temporal, query: string): Promise<void> {
  const rows: string[] = [];
  for await (const { workflowId } of temporal.workflow.list({ query, pageSize: listed })) {
    rows.push(workflowId);
    if (rows.length === listed) return;
  }
}
