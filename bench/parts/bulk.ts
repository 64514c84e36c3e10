/** Bulk creation of tasks for tomorrow: its rate, what follows the last answer, and the memory that it takes. */
import type { HttpClient } from '../support/load.ts';
import { atOnce, numbers } from '../support/load.ts';
import { type CpuTimes, cpuTimes, residentMb, totalCpu, untilIdle } from '../support/cpu.ts';
import { interleave, type Stage } from '../support/stage.ts';
import { byContender } from '../support/statistics.ts';
import { aRequest } from '../support/task.ts';
import type { Taskbell } from '../support/taskbell.ts';

/** Tasks of a contender over all rounds. */
const tasks = 10_000;
const bulkSize = 1000;
/** Calls that Taskbell makes at once for its bulk requests (src/tasks/bulk.ts). */
const startsAtOnce = 8;
const dayMs = 24 * 3600 * 1000;
/** A reference for values so near zero that their ratios say nothing. */
const none = 'none';

interface BulkContender {
  readonly name: string;
  /** Creates a thousand tasks for tomorrow. */
  createBulk(): Promise<void>;
  cpu(): CpuTimes;
}

interface Round {
  readonly perSecond: number;
  /** CPU time per task, in milliseconds, with what follows. */
  readonly cpuMs: number;
  /** Time from the last answer until the processes are idle, and their CPU time until then, in seconds. */
  readonly idleAfter: number;
  readonly cpuAfter: number;
}

export async function measureBulk(stage: Stage): Promise<void> {
  const { rounds } = stage.options;
  const bulks = Math.max(1, Math.round(tasks / bulkSize / rounds));
  stage.note(`bulk creation; ${rounds} rounds, each of ${bulks} bulks of ${bulkSize} tasks for tomorrow`);
  const contenders = [bareBulk(stage), ...(await Promise.all(stage.versions.map(taskbellBulk)))];
  const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
  await interleave(contenders, rounds, async (contender) => {
    results.get(contender.name)?.push(await runRound(contender, bulks));
  });
  reportRounds(stage, results);
  reportMemory(stage, `after ${rounds * bulks * bulkSize} waiting tasks`);
}

async function runRound({ createBulk, cpu }: BulkContender, bulks: number): Promise<Round> {
  const before = totalCpu(cpu());
  const { perSecond } = await atOnce(1, numbers(bulks), createBulk);
  const { afterMs, cpuMs } = await untilIdle(cpu);
  return {
    perSecond: perSecond * bulkSize,
    cpuMs: (totalCpu(cpu()) - before) / (bulks * bulkSize),
    idleAfter: afterMs / 1000,
    cpuAfter: cpuMs / 1000,
  };
}

function bareBulk({ bare, taskbell: { pids } }: Stage): BulkContender {
  return {
    name: 'bare',
    async createBulk() {
      await atOnce(startsAtOnce, numbers(bulkSize), () => bare.startDelayed(tomorrow()));
    },
    cpu: () => cpuTimes({ server: pids.server, worker: bare.workerPid }),
  };
}

async function taskbellBulk({ name, pids, signIn }: Taskbell): Promise<BulkContender> {
  const { http } = await signIn();
  return {
    name,
    createBulk: async () => void (await createBulk(http, bulkSize)),
    cpu: () => cpuTimes(pids),
  };
}

/** Creates tasks for tomorrow in one request. @returns their ids. */
export async function createBulk(http: HttpClient, count: number): Promise<string[]> {
  const request = { tasks: numbers(count).map(() => aRequest(tomorrow())) };
  const answer = JSON.parse(await http.send('POST', '/api/tasks/bulk/', 207, request)) as {
    results: { status: number; task?: { id: string } }[];
  };
  return answer.results.map(({ status, task }) => {
    if (status !== 201 || task === undefined) throw new Error(`A task of a bulk was answered ${status}`);
    return task.id;
  });
}

export function tomorrow(): Date {
  return new Date(Date.now() + dayMs);
}

function reportRounds(stage: Stage, rounds: ReadonlyMap<string, readonly Round[]>): void {
  stage.report({
    title: `bulk creation for tomorrow, ${bulkSize} each`,
    unit: 'per s',
    digits: 0,
    moreIsBetter: true,
    target: { atLeast: 0.85, of: 'bare' },
    values: byContender(rounds, ({ perSecond }) => perSecond),
  });
  stage.report({
    title: '  CPU per task, all processes',
    unit: 'ms',
    values: byContender(rounds, ({ cpuMs }) => cpuMs),
  });
  stage.report({
    title: '  idle after the last answer',
    unit: 's',
    reference: none,
    target: { atMost: 3 },
    values: byContender(rounds, ({ idleAfter }) => idleAfter),
  });
  stage.report({
    title: '  CPU after the last answer',
    unit: 's',
    reference: none,
    digits: 2,
    values: byContender(rounds, ({ cpuAfter }) => cpuAfter),
  });
}

/** Reports the memory of the worker and the server, without that of handler processes. */
export function reportMemory(stage: Stage, when: string): void {
  const memory = (process: 'worker' | 'server'): Record<string, number[]> =>
    Object.fromEntries(stage.versions.map(({ name, pids }) => [name, [residentMb(pids[process])]]));
  stage.report({
    title: `worker's memory without its handler processes, ${when}`,
    unit: 'MB',
    digits: 0,
    target: { atMost: 300 },
    values: { bare: [residentMb(stage.bare.workerPid)], ...memory('worker') },
  });
  stage.report({
    title: `server's memory, ${when}`,
    unit: 'MB',
    digits: 0,
    values: memory('server'),
  });
}
