/** The floor: a bare workflow with a timer and an activity, started through the SDK, with a worker of its own. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import type { Closers } from '../../src/lib/closers.ts';
import { startRole } from '../../src/processes/role.ts';
import type { TestServer } from '../../test/support/temporal.ts';
import { recordsOf } from './task.ts';

export interface Bare {
  readonly owner: string;
  readonly taskQueue: string;
  readonly workerPid: number;
  /** Starts a workflow that waits for its time in a timer. @returns its id. */
  start(dueAt: Date): Promise<string>;
  /** Starts a workflow that waits for its time in its start delay. @returns its id. */
  startDelayed(dueAt: Date): Promise<string>;
}

export async function startBare(server: TestServer, client: Client, closers: Closers): Promise<Bare> {
  const taskQueue = `bare-${randomUUID()}`;
  const owner = randomUUID();
  const workerPid = await startBareWorker(server, taskQueue, closers);
  async function start(dueAt: Date, options: { startDelay?: number }): Promise<string> {
    const workflowId = randomUUID();
    await client.workflow.start('bare', { workflowId, taskQueue, ...recordsOf(owner, dueAt), ...options });
    return workflowId;
  }
  return {
    owner,
    taskQueue,
    workerPid,
    start: (dueAt) => start(dueAt, {}),
    startDelayed: (dueAt) => start(dueAt, { startDelay: dueAt.getTime() - Date.now() }),
  };
}

async function startBareWorker(server: TestServer, taskQueue: string, closers: Closers): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'taskbell-bench-'));
  closers.add(() => rm(folder, { recursive: true, force: true }));
  const bundle = join(folder, 'workflow-bundle.js');
  const workflowsPath = fileURLToPath(new URL('bare-workflow.ts', import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  await writeFile(bundle, code);
  const environment = {
    PATH: process.env['PATH'],
    TASKBELL_TASK_QUEUE: taskQueue,
    TASKBELL_WORKER_CONCURRENCY: '4',
    TEMPORAL_ADDRESS: server.address,
    TEMPORAL_NAMESPACE: server.namespace,
    BARE_WORKFLOW_BUNDLE: bundle,
  };
  const entry = fileURLToPath(new URL('bare-worker.mjs', import.meta.url));
  const force = new AbortController().signal;
  const worker = await startRole({ name: 'bare', entry, environment, stopMs: 20_000, force }, force);
  closers.add(() => worker.close());
  return worker.pid;
}
