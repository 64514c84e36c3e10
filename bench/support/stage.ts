/**
 * What the parts of the benchmark measure: a Temporal server with the flags of `taskbell up`, Taskbell's own processes
 * on it, and the bare workflow. It is started once and used by one part after the other. This process is the load
 * generator, whose CPU time no figure includes.
 */
import { resolve } from 'node:path';
import { Client } from '@temporalio/client';
import type { Closers } from '../../src/lib/closers.ts';
import { createConnection } from '../../src/temporal/connection.ts';
import type { Caller } from '../../test/support/caller.ts';
import { type OwnService, startService } from '../../test/support/service.ts';
import { startTestServer, type TestServer } from '../../test/support/temporal.ts';
import { type Bare, startBare } from './bare.ts';
import type { Figure } from './figures.ts';
import { createHttpClient, type HttpClient } from './load.ts';

export interface Options {
  readonly rounds: number;
}

export interface Stage {
  readonly options: Options;
  readonly server: TestServer;
  readonly service: OwnService;
  readonly temporal: Client;
  readonly bare: Bare;
  /** Taskbell's processes. The worker's changes when a part kills it. */
  readonly pids: { readonly server: number; readonly api: number; worker: number };
  /** Things to close once the benchmark ends, the last one first. */
  readonly closers: Closers;
  /** Signs in. An access token lasts a quarter of an hour, so each part signs in again. */
  signIn(): Promise<{ readonly caller: Caller; readonly http: HttpClient }>;
  /** Prints a figure and keeps it for the report. */
  report(figure: Figure): void;
  /** Prints what is being done. */
  note(text: string): void;
}

/** The defaults of `taskbell up`, without limits that the load would reach: they are checked all the same. */
const environment = {
  TASKBELL_TASK_MODULES: [
    'test/support/handlers.mjs',
    'test/support/misbehaving.mjs',
    'bench/support/handlers.mjs',
  ]
    .map((path) => resolve(path))
    .join(),
  TASKBELL_WORKER_CONCURRENCY: '4',
  TASKBELL_LOG_LEVEL: 'info',
  TASKBELL_RATE_LIMIT: '1000000',
  TASKBELL_MAX_OPEN_TASKS: '10000000',
  TASKBELL_MAX_FEEDS: '1000000',
};

type Output = Pick<Stage, 'options' | 'report' | 'note' | 'closers'>;

export async function startStage(output: Output): Promise<Stage> {
  const { closers } = output;
  const server = await startTestServer();
  closers.add(() => server.close());
  const service = await startService({ temporal: server, workers: 0, environment });
  closers.add(() => service.close());
  const worker = await service.startWorker();
  const connection = createConnection({ address: server.address });
  closers.add(() => connection.close());
  const temporal = new Client({ connection, namespace: server.namespace });
  const bare = await startBare(server, temporal, closers);
  return {
    ...output,
    server,
    service,
    temporal,
    bare,
    pids: { server: server.pid, api: service.apiPid, worker: worker.pid },
    async signIn() {
      const caller = await service.as('alice');
      const http = createHttpClient(service.url, { Authorization: `Bearer ${caller.token}` });
      closers.add(() => http.close());
      return { caller, http };
    },
  };
}

/** Runs the contenders in turn, every other round in reverse order, so that drift affects all of them alike. */
export async function interleave<C extends { readonly name: string }>(
  contenders: readonly C[],
  rounds: number,
  run: (contender: C, round: number) => Promise<void>,
): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of order) await run(contender, round);
  }
}
