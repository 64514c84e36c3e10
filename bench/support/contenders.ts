/** The contenders: each has its own task queue and its own real worker process; all use one server. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, type WorkflowStartOptions } from '@temporalio/client';
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';
import { createTaskTypes } from '../../activities/types/index.ts';
import { type RoleProcess, startRole } from '../../src/processes/role.ts';
import { specOf } from '../../src/contract/spec.ts';
import { createTaskInput } from '../../src/contract/task.ts';
import { createConnection } from '../../src/temporal/connection.ts';
import type { TaskInput } from '../../src/contract/workflow.ts';
import { createTemporal } from '../../src/temporal/temporal.ts';
import { createTaskService } from '../../src/tasks/service.ts';
import { attributesOf, memoOf } from '../../src/tasks/start.ts';

/** The task that every contender runs. */
const request = { name: 'A task of the benchmark', delay: 0 };

export interface Server {
  readonly address: string;
  readonly namespace: string;
}

export interface Contender {
  readonly name: string;
  readonly taskQueue: string;
  readonly workerPid: number;
  /** Starts a task that is due at once. @returns its workflow id. */
  start(): Promise<string>;
  close(): Promise<void>;
}

/** Starts the product itself: its worker, with tasks created as the API creates them, but without HTTP. */
export async function startTaskbell(server: Server): Promise<Contender> {
  const taskQueue = `taskbell-${randomUUID()}`;
  const worker = await startWorker('worker', resolve('dist/src/cli/main.js'), server, taskQueue);
  const temporal = createTemporal({
    connection: { address: server.address },
    namespace: server.namespace,
    taskQueue,
    identity: 'bench',
  });
  const tasks = createTaskService({
    temporal,
    taskTypes: createTaskTypes({ dataDir: undefined, httpAllowHosts: [] }),
    maxOpenTasks: 0,
    webUiUrl: undefined,
  });
  const task = createTaskInput.parse(request);
  const owner = { id: randomUUID(), name: 'alice', role: 'user' } as const;
  return {
    name: 'taskbell',
    taskQueue,
    workerPid: worker.pid,
    start: async () => (await tasks.create(owner, task)).task.id,
    close: async () => {
      await temporal.close();
      await worker.close();
    },
  };
}

/** Starts the floor: a workflow that calls one activity. */
export function startBare(server: Server): Promise<Contender> {
  return startPlain(server, 'bare', () => ({}));
}

/** Adds a task's records to the floor: search attributes, memo, priority, summaries, details, heartbeat time-out. */
export function startRecorded(server: Server): Promise<Contender> {
  const owner = randomUUID();
  return startPlain(server, 'recorded', () => recordsOf(owner));
}

async function startPlain(
  server: Server,
  workflow: 'bare' | 'recorded',
  records: () => Partial<WorkflowStartOptions>,
): Promise<Contender> {
  const taskQueue = `bare-${randomUUID()}`;
  const folder = await mkdtemp(join(tmpdir(), 'taskbell-bench-'));
  const bundle = join(folder, 'workflow-bundle.js');
  await writeFile(bundle, await bundleBareWorkflow());
  const entry = fileURLToPath(new URL('bare-worker.mjs', import.meta.url));
  const worker = await startWorker('bare', entry, server, taskQueue, { BARE_WORKFLOW_BUNDLE: bundle });
  const connection = createConnection({ address: server.address });
  const client = new Client({ connection, namespace: server.namespace });
  return {
    name: workflow,
    taskQueue,
    workerPid: worker.pid,
    async start() {
      const workflowId = randomUUID();
      const options = { workflowId, taskQueue, args: [request.name], ...records() };
      await client.workflow.start(workflow, options);
      return workflowId;
    },
    close: async () => {
      await connection.close();
      await worker.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Returns the records of one of our tasks, made by the same code. */
function recordsOf(owner: string): Partial<WorkflowStartOptions> {
  const now = Date.now();
  const at = new Date(now).toISOString();
  const { delay: _delay, ...spec } = createTaskInput.parse(request);
  const input: TaskInput = {
    ...specOf({ ...spec, scheduled_time: at }),
    type: spec.type,
    owner: { id: owner, name: 'alice' },
    created_at: at,
    version: 1,
    retry_count: 0,
  };
  return {
    memo: { ...memoOf({ input }) },
    typedSearchAttributes: attributesOf({ input }, now),
    priority: { priorityKey: input.priority, fairnessKey: owner },
    staticSummary: `${input.type}: ${input.name}`,
  };
}

async function bundleBareWorkflow(): Promise<string> {
  const workflowsPath = fileURLToPath(new URL('bare-workflow.ts', import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') });
  return code;
}

function startWorker(
  name: string,
  entry: string,
  { address, namespace }: Server,
  taskQueue: string,
  more: Record<string, string> = {},
): Promise<RoleProcess> {
  const environment = {
    PATH: process.env['PATH'],
    TASKBELL_LOG_LEVEL: 'error',
    TASKBELL_TASK_QUEUE: taskQueue,
    TASKBELL_WORKER_CONCURRENCY: '4',
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    ...more,
  };
  const force = new AbortController().signal;
  return startRole({ name, entry, environment, stopMs: 20_000, force }, new AbortController().signal);
}
