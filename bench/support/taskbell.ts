/** Taskbell as a user runs it: a Temporal server with the flags of `taskbell up`, and processes of the built product. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Client } from '@temporalio/client';
import type { Closers } from '../../src/lib/closers.ts';
import { createConnection } from '../../src/temporal/connection.ts';
import type { Caller } from '../../test/support/caller.ts';
import { type OwnService, startService } from '../../test/support/service.ts';
import { type Engine, startTestServer, type TestServer } from '../../test/support/temporal.ts';
import { createSignedInClient, type HttpClient } from './load.ts';

export interface Taskbell {
  readonly name: string;
  readonly server: TestServer;
  readonly service: OwnService;
  readonly temporal: Client;
  /** Its processes. The worker's changes when a part kills it. */
  readonly pids: { readonly server: number; readonly api: number; worker: number };
  /**
   * Signs in, by default as alice. `http` signs in again before its token expires. The token of `caller` lasts a quarter of
   * an hour, so each part that needs one signs in for itself.
   */
  signIn(user?: 'alice' | 'bob'): Promise<{ readonly caller: Caller; readonly http: HttpClient }>;
}

/** The defaults of `taskbell up`, without limits that the load would reach: they are checked all the same. */
const environment = {
  TASKBELL_WORKER_CONCURRENCY: '4',
  TASKBELL_LOG_LEVEL: 'info',
  TASKBELL_RATE_LIMIT: '1000000',
  TASKBELL_MAX_OPEN_TASKS: '10000000',
  TASKBELL_MAX_FEEDS: '1000000',
};
const modules = ['test/support/handlers.mjs', 'test/support/misbehaving.mjs', 'bench/support/handlers.mjs'];

/** @param root the checkout whose build is started. */
export async function startTaskbell(name: string, root: string, closers: Closers): Promise<Taskbell> {
  const isOwn = resolve(root) === resolve('.');
  const server = await startTestServer(isOwn ? undefined : await engineOf(root));
  closers.add(() => server.close());
  const service = await startService({
    temporal: server,
    workers: 0,
    environment: {
      ...environment,
      TASKBELL_TASK_MODULES: modules.map((path) => resolve(root, path)).join(),
    },
    entry: resolve(root, 'dist/src/cli/main.js'),
  });
  closers.add(() => service.close());
  const worker = await service.startWorker();
  const connection = createConnection({ address: server.address });
  closers.add(() => connection.close());
  return {
    name,
    server,
    service,
    temporal: new Client({ connection, namespace: server.namespace }),
    pids: { server: server.pid, api: service.apiPid, worker: worker.pid },
    async signIn(user = 'alice') {
      const caller = await service.as(user);
      const http = createSignedInClient(service.url, () => service.as(user));
      closers.add(() => http.close());
      return { caller, http };
    },
  };
}

/** Loads the code that starts the server of another checkout, with its flags. */
async function engineOf(root: string): Promise<Engine> {
  const built = resolve(root, 'dist/src');
  if (!existsSync(join(built, 'cli/main.js'))) throw new Error(`${root} is not built: npm run build`);
  const load = (path: string): Promise<Engine> =>
    import(pathToFileURL(join(built, path)).href) as Promise<Engine>;
  const [{ readConfig }, { startEmbedded }, { locateTemporal }] = await Promise.all([
    load('config.js'),
    load('engine/embedded.js'),
    load('engine/locate.js'),
  ]);
  return { readConfig, startEmbedded, locateTemporal };
}
