/** The contenders of the parts that run tasks, as far as they use Temporal. The others are in bench/peers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CpuTimes, cpuTimes } from './cpu.ts';
import type { Stage } from './stage.ts';
import type { Taskbell } from './taskbell.ts';
import { aRequest } from './task.ts';

/** A service, or a library with a worker, that runs tasks at their time. */
export interface Contender {
  readonly name: string;
  /** Called before each batch of tasks. */
  readonly prepare?: () => Promise<void>;
  /** Creates a task. @returns its id. */
  create(dueAt: Date): Promise<string>;
  /** Returns how many of the tasks are done. Cheap, since it costs the contender CPU time. */
  countDone(batch: Batch): Promise<number>;
  /** Returns when the tasks were done that are. */
  doneAt(batch: Batch): Promise<Date[]>;
  /** Returns the CPU time of all its processes so far: those that serve it, and those that run its tasks. */
  cpu(): CpuTimes;
  /** Reads the status of an ended task. */
  readonly readStatus?: (id: string) => Promise<unknown>;
  /** Lists a hundred tasks. */
  readonly list?: () => Promise<unknown>;
  /** What is needed to lose a worker. */
  readonly recovery?: Recovery;
}

export interface Recovery {
  /** Creates a task that takes a while. @returns its id. */
  createLong(dueAt: Date, runTimeMs: number): Promise<string>;
  /** Kills the worker with all its processes, and starts another one. @returns when it was killed. */
  replaceWorker(): Promise<Date>;
}

/** Tasks that are due together. */
export interface Batch {
  readonly ids: readonly string[];
  readonly dueAt: Date;
  /** Before the first of them was created. */
  readonly since: Date;
}

const listed = 100;

/** Interval at which the end of all tasks is looked for, in milliseconds. Rare, since it costs CPU time. */
const askEveryMs = 500;

/** Waits until all tasks are done, or for a time after they are due. @returns how many are done. */
export async function untilDone(contender: Contender, batch: Batch, deadlineMs = 120_000): Promise<number> {
  const deadline = batch.dueAt.getTime() + deadlineMs;
  for (;;) {
    await sleep(Math.max(0, batch.dueAt.getTime() - Date.now()) + askEveryMs);
    const count = await contender.countDone(batch);
    if (count >= batch.ids.length || Date.now() > deadline) return count;
  }
}

export async function temporalContenders(stage: Stage): Promise<Contender[]> {
  return [bareContender(stage), ...(await Promise.all(stage.versions.map(taskbellContender)))];
}

function bareContender({ taskbell: { temporal, pids }, bare }: Stage): Contender {
  return {
    name: 'bare',
    create: (dueAt) => bare.start(dueAt),
    ...closedWorkflows(temporal, bare.taskQueue),
    cpu: () => cpuTimes({ server: pids.server, worker: bare.workerPid }),
    async readStatus(id) {
      const handle = temporal.workflow.getHandle(id);
      await Promise.all([handle.describe(), handle.result()]);
    },
    list: () => firstRows(temporal, `TaskOwner = '${bare.owner}'`),
  };
}

async function taskbellContender({ name, temporal, service, pids, signIn }: Taskbell): Promise<Contender> {
  const { http } = await signIn();
  const create = async (request: object): Promise<string> => {
    const task = JSON.parse(await http.send('POST', '/api/tasks/', 201, request)) as { id: string };
    return task.id;
  };
  return {
    name,
    create: (dueAt) => create(aRequest(dueAt)),
    ...closedWorkflows(temporal, service.taskQueue),
    cpu: () => cpuTimes(pids),
    readStatus: (id) => http.send('GET', `/api/tasks/${id}/status/`, 200),
    list: () => http.send('GET', `/api/tasks/?limit=${listed}`, 200),
    recovery: {
      // A type that is not quick, as one that takes a second should not be.
      createLong: (dueAt, runTimeMs) =>
        create({ ...aRequest(dueAt), type: 'slow', payload: { steps: 1, step_ms: runTimeMs } }),
      async replaceWorker() {
        process.kill(pids.worker, 'SIGKILL');
        const killedAt = new Date();
        pids.worker = (await service.startWorker()).pid;
        return killedAt;
      },
    },
  };
}

type Temporal = Taskbell['temporal'];

function closedWorkflows(temporal: Temporal, taskQueue: string): Pick<Contender, 'countDone' | 'doneAt'> {
  const query = ({ since }: Batch): string =>
    `TaskQueue = '${taskQueue}' AND StartTime >= '${since.toISOString()}' AND ExecutionStatus = 'Completed'`;
  return {
    countDone: async (batch) => (await temporal.workflow.count(query(batch))).count,
    async doneAt(batch) {
      const closed: Date[] = [];
      for await (const { closeTime } of temporal.workflow.list({ query: query(batch), pageSize: 1000 })) {
        if (closeTime) closed.push(closeTime);
      }
      return closed;
    },
  };
}

async function firstRows(temporal: Temporal, query: string): Promise<void> {
  const rows: string[] = [];
  for await (const { workflowId } of temporal.workflow.list({ query, pageSize: listed })) {
    rows.push(workflowId);
    if (rows.length === listed) return;
  }
}
