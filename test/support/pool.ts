import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import type { FindSecret } from '../../activities/find-secret.ts';
import type { HandlerProcess } from '../../activities/pool/handler-process.ts';
import type { PoolLogger } from '../../activities/pool/output.ts';
import type { ProcessOutcome } from '../../activities/pool/process-outcome.ts';
import type { HandlerInput, HandlerReport } from '../../activities/pool/messages.ts';
import { type HandlerPool, type PoolOptions, startPool } from '../../activities/pool/pool.ts';
import { childrenOf } from './child-processes.ts';

export const handlerEntry = resolve('dist/activities/pool/handler-main.js');
export const handlerModules = ['handlers.mjs', 'misbehaving.mjs', 'pool-handlers.mjs'].map((name) =>
  resolve('test/support', name),
);

export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error';
  readonly facts: object;
  readonly message: string;
}

export interface TestPool extends HandlerPool {
  readonly concurrency: number;
  readonly logged: readonly LogEntry[];
  /** Returns the ids of all its processes, including those still starting. A test file has one pool at a time. */
  pids(): Promise<number[]>;
}

/** Starts a pool as a worker does, with the handler processes' code from dist/. */
export async function startTestPool({
  modules = handlerModules,
  logged = [],
  concurrency = 1,
  ...options
}: Partial<PoolOptions> & {
  readonly modules?: readonly string[];
  readonly logged?: LogEntry[];
}): Promise<TestPool> {
  const log =
    (level: LogEntry['level']) =>
    (facts: object, message: string): void =>
      void logged.push({ level, facts, message });
  const logger: PoolLogger = { info: log('info'), warn: log('warn'), error: log('error') };
  const pool = await startPool({
    entry: handlerEntry,
    settings: { httpAllowHosts: [], modules: [...modules] },
    environment: { PATH: process.env['PATH'] ?? '' },
    concurrency,
    maxAttempts: 1000,
    maxMemoryMb: 400,
    logger,
    ...options,
  });
  return {
    concurrency,
    types: pool.types,
    maxMemoryMb: pool.maxMemoryMb,
    failed: pool.failed,
    acquire: (signal, isExtra) => pool.acquire(signal, isExtra),
    acquireSpare: (waitMs) => pool.acquireSpare(waitMs),
    release: (handlerProcess) => pool.release(handlerProcess),
    close: () => pool.close(),
    logged,
    pids: () => childrenOf(process.pid),
  };
}

/** Returns a deadline for acquiring a process, so that a test whose request is never served fails by itself. */
export function acquireDeadline(): AbortSignal {
  return AbortSignal.timeout(20_000);
}

export interface AttemptResult {
  readonly end: ProcessOutcome;
  readonly pid: number;
  readonly updates: readonly HandlerReport[];
}

/** Refuses all secrets. */
export const noSecrets: FindSecret = async () => ({ kind: 'refused', reason: 'there is none in this test' });

/** Runs one attempt on a process of the pool. */
export async function attempt(
  pool: HandlerPool,
  taskType: string,
  payload: unknown = {},
  findSecret: FindSecret = noSecrets,
): Promise<AttemptResult> {
  const handlerProcess = await pool.acquire(acquireDeadline());
  const { pid } = handlerProcess;
  const updates: HandlerReport[] = [];
  const onReport = (update: HandlerReport): void => void updates.push(update);
  const end = await handlerProcess.run(anInput(taskType, payload), onReport, findSecret);
  pool.release(handlerProcess);
  return { end, pid: pid ?? 0, updates };
}

/** Runs a handler on the process until `finish` is called. */
export function occupy(pool: HandlerPool, handlerProcess: HandlerProcess): { finish(): Promise<void> } {
  const ending = handlerProcess.run(anInput('grumpy', { ends_by: 'return' }), () => undefined, noSecrets);
  return {
    async finish() {
      handlerProcess.stop('WorkerShutdown', 'The test is over');
      await ending;
      pool.release(handlerProcess);
    },
  };
}

export function anInput(taskType: string, payload: unknown = {}): HandlerInput {
  return {
    taskType,
    payload,
    taskId: `task of type ${taskType}`,
    owner: { id: 'u1', name: 'alice' },
    attempt: 1,
    idempotencyKey: 'task.run',
  };
}

export interface Pools {
  start(options?: Parameters<typeof startTestPool>[0]): Promise<TestPool>;
  /** Returns a path in the test's own folder. */
  path(name: string): string;
  /** Writes a module of task types. @returns its path. */
  writeModule(name: string, code: string): Promise<string>;
}

/** Provides pools for a file's tests. Each is closed after its test, and all its processes must then have ended. */
export function usePools(): Pools {
  const pools: TestPool[] = [];
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'taskbell-pool-'));
  });
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((pool) => pool.close()));
    await rm(folder, { recursive: true, force: true });
    expect(await childrenOf(process.pid)).toEqual([]);
  });
  return {
    async start(options = {}) {
      const pool = await startTestPool(options);
      pools.push(pool);
      return pool;
    },
    path: (name) => join(folder, name),
    async writeModule(name, code) {
      const path = join(folder, name);
      const from = (file: string): string => JSON.stringify(resolve(file));
      const imports = `import { z } from ${from('node_modules/zod/index.js')};
        import { defineTaskType } from ${from('dist/activities/types/define.js')};\n`;
      await writeFile(path, imports + code);
      return path;
    },
  };
}

/** Returns the code of a task type whose handler returns the type's name. */
export function taskTypeCode(name: string): string {
  return `defineTaskType({ name: '${name}', description: '', payload: z.looseObject({}), run: async () => '${name}' })`;
}

/** Acquires this many of a pool's processes, those beyond its slots as guests do. There is no other way to see that they are ready. */
export function acquireAll(pool: TestPool, count: number): Promise<HandlerProcess[]> {
  const acquire = (_: unknown, index: number) => pool.acquire(acquireDeadline(), index >= pool.concurrency);
  return Promise.all(Array.from({ length: count }, acquire));
}

export function pidsOf(processes: readonly HandlerProcess[]): number[] {
  return processes.map(({ pid }) => pid ?? 0).sort((a, b) => a - b);
}

/** Returns the id of the process that a handler has started, from the handler's log. */
export function spawnedPid(log: readonly string[]): number {
  return Number(/pid (\d+)/.exec(log.join('\n'))?.[1]);
}

export function failedStarts({ logged }: TestPool): LogEntry[] {
  return logged.filter(({ level, message }) => level === 'error' && message.includes('could not be started'));
}
