import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Contender } from './contenders.ts';
import { processTreeCpuMs } from './cpu.ts';

/** Cost of a round per task: milliseconds of elapsed time, and of CPU time of worker and server. */
export interface Cost {
  readonly elapsed: number;
  readonly worker: number;
  readonly server: number;
}

export interface Measured {
  readonly client: Client;
  readonly serverPid: number;
}

const startsAtATime = 20;
const askEveryMs = 200;
const deadlineMs = 120_000;
/** Wait after a round, in milliseconds, so that the server's late work (visibility, queues) counts towards it. */
const settleMs = 1000;

/** Starts tasks that are due at once, and waits until all have closed. */
export async function runRound(
  { client, serverPid }: Measured,
  contender: Contender,
  tasks: number,
): Promise<Cost> {
  const before = { worker: processTreeCpuMs(contender.workerPid), server: processTreeCpuMs(serverPid) };
  const startedAt = Date.now();
  await startAll(contender, tasks);
  const lastClosedAt = await allClosed(client, contender, startedAt, tasks);
  await sleep(settleMs);
  return {
    elapsed: (lastClosedAt - startedAt) / tasks,
    worker: (processTreeCpuMs(contender.workerPid) - before.worker) / tasks,
    server: (processTreeCpuMs(serverPid) - before.server) / tasks,
  };
}

async function startAll(contender: Contender, tasks: number): Promise<void> {
  let left = tasks;
  const starter = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await contender.start();
    }
  };
  await Promise.all(Array.from({ length: startsAtATime }, starter));
}

/**
 * Waits until all tasks have closed, by polling, which costs all contenders the same.
 * @returns the last close time.
 */
async function allClosed(
  client: Client,
  { name, taskQueue }: Contender,
  startedAt: number,
  tasks: number,
): Promise<number> {
  const since = new Date(startedAt).toISOString();
  const query = `TaskQueue = '${taskQueue}' AND StartTime >= '${since}' AND ExecutionStatus = 'Completed'`;
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const { count } = await client.workflow.count(query);
    if (count >= tasks) break;
    if (Date.now() > deadline) throw new Error(`Only ${count} of ${tasks} tasks of ${name} have completed`);
    await sleep(askEveryMs);
  }
  // Visibility lists the workflow that closed last first.
  for await (const { closeTime } of client.workflow.list({ query, pageSize: 1 })) {
    if (closeTime) return closeTime.getTime();
  }
  throw new Error(`Visibility has lost the tasks of ${name}`);
}

/** Measures the time from the start call to the end of one task, in milliseconds, with nothing else to do. */
export async function measureLatency({ client }: Measured, contender: Contender): Promise<number> {
  const startedAt = performance.now();
  await client.workflow.getHandle(await contender.start()).result();
  return performance.now() - startedAt;
}
