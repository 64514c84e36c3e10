import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Closers } from '../../src/lib/closers.ts';
import type { Contender } from '../support/contenders.ts';
import { cpuTimes } from '../support/cpu.ts';
import { aLongRequest, aRequest } from '../support/task.ts';
import { startRedis } from './databases.ts';
import type { Tools } from './install.ts';
import { startNodeWorker } from './node-worker.ts';

/** The part of BullMQ that is used. It is not a dependency of Taskbell, so its types are not there. */
interface BullMq {
  readonly Queue: new (name: string, options: object) => Queue;
}

interface Job {
  readonly id: string;
  readonly finishedOn?: number;
  getState(): Promise<string>;
}

interface Queue {
  add(name: string, data: object, options: object): Promise<Job>;
  getJob(id: string): Promise<Job | undefined>;
  getJobs(types: readonly string[], start: number, end: number): Promise<Job[]>;
  getCompletedCount(): Promise<number>;
  close(): Promise<void>;
}

const listed = 100;

/** BullMQ, called as a library: delayed jobs in Redis, and a worker process that runs four at a time. */
export async function startBullMq(tools: Tools, closers: Closers): Promise<Contender> {
  const redis = await startRedis(tools, closers);
  const host = '127.0.0.1';
  const worker = await startNodeWorker(closers, 'bullmq-worker.mjs', {
    PEER_MODULES: tools.npm,
    PEER_REDIS_HOST: host,
    PEER_REDIS_PORT: String(redis.port),
    PEER_REDIS_PASSWORD: redis.password,
  });
  const { Queue } = createRequire(join(tools.npm, 'package.json'))('bullmq') as BullMq;
  const queue = new Queue('bench', { connection: { host, port: redis.port, password: redis.password } });
  closers.add(() => queue.close());
  const add = async (dueAt: Date, { name, payload }: { name: string; payload: object }): Promise<string> => {
    const delay = Math.max(0, dueAt.getTime() - Date.now());
    const { id } = await queue.add('task', { name, payload }, { delay, attempts: 4 });
    return id;
  };
  /** Jobs that had completed before each batch. */
  let completedBefore = 0;
  return {
    name: 'bullmq',
    async prepare() {
      completedBefore = await queue.getCompletedCount();
    },
    create: (dueAt) => add(dueAt, aRequest(dueAt)),
    countDone: async () => (await queue.getCompletedCount()) - completedBefore,
    async doneAt({ ids }) {
      const jobs = await Promise.all(ids.map((id) => queue.getJob(id)));
      return jobs.flatMap((job) => (job?.finishedOn === undefined ? [] : [new Date(job.finishedOn)]));
    },
    cpu: () => cpuTimes({ redis: redis.pid, worker: worker.pid() }),
    readStatus: async (id) => (await queue.getJob(id))?.getState(),
    list: () => queue.getJobs(['completed', 'delayed'], 0, listed - 1),
    recovery: {
      createLong: (dueAt, runTimeMs) => add(dueAt, aLongRequest(dueAt, runTimeMs)),
      replaceWorker: () => worker.replace(),
    },
  };
}
