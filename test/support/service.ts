import { setMaxListeners } from 'node:events';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, inject, onTestFinished } from 'vitest';
import { createUsers } from '../../src/auth/users.ts';
import { type ProcessRole, type RoleProcess, startRole } from '../../src/processes/role.ts';
import { usersFilePath } from '../../src/auth/paths.ts';
import type { AccountRole } from '../../src/contract/account.ts';
import { type Caller, callUrl, signIn } from './caller.ts';

/** Secret that signs all tokens of a test's service. */
export const jwtSecret = 'a secret that only these tests know about';

/** Accounts of a test file: two users and an admin. */
export type UserName = 'alice' | 'bob' | 'root';

export interface TestAccount {
  /** `alice` in a service that the file has to itself; `alice-1f0c…` in the shared one. */
  readonly name: string;
  readonly password: string;
}

/** Location of a running service. Plain data, so that one process can pass it to another. */
export interface ServicePlace {
  readonly url: string;
  /** The second API process of the shared service. It trusts `X-Forwarded-For` from this machine. */
  readonly secondUrl?: string | undefined;
  readonly home: string;
  readonly taskQueue: string;
  /** The environment of its processes, without the secret. */
  readonly environment: Record<string, string | undefined>;
}

/** A running Taskbell: real processes of the built product. */
export interface Service extends ServicePlace {
  readonly users: Readonly<Record<UserName, TestAccount>>;
  as(user: UserName): Promise<Caller>;
  /** Adds a user, who has no tasks yet, and signs in as that user. */
  asNewUser(): Promise<Caller>;
  startWorker(environment?: Record<string, string>): Promise<RoleProcess>;
  startApi(environment?: Record<string, string>): Promise<RoleProcess>;
  /** Stops the processes that were started for this object. */
  close(): Promise<void>;
}

/** A service whose first processes belong to it. */
export interface OwnService extends Service {
  readonly apiPid: number;
}

export interface ServiceOptions {
  /** The Temporal server that all tests share, by default. */
  readonly temporal?: { readonly address: string; readonly namespace: string };
  /** Number of workers; 1 by default. */
  readonly workers?: number;
  readonly environment?: Record<string, string>;
  /** The program of another version, to measure it. */
  readonly entry?: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** The service that test files share unless they need another environment: `useService()`. */
    service: ServicePlace;
  }
}

const ownEntry = resolve('dist/src/cli/main.js');

/**
 * Provides a test file's service, ready in its `beforeAll` and stopped after its tests.
 * @param options options for a service of the file's own, or a function that returns them once `beforeAll` runs.
 *   Without options, the file uses the service that all files share, with its own users: a start costs five CPU
 *   seconds.
 */
export function useService(options?: ServiceOptions | (() => ServiceOptions)): Service {
  let service: Service | undefined;
  beforeAll(async () => {
    const own = typeof options === 'function' ? options() : options;
    service = own === undefined ? await joinService(inject('service')) : await startService(own);
  });
  afterAll(async () => {
    await service?.close();
  });
  const started = (): Service => {
    if (service === undefined) throw new Error('The service is not started before beforeAll.');
    return service;
  };
  return {
    get url() {
      return started().url;
    },
    get secondUrl() {
      return started().secondUrl;
    },
    get home() {
      return started().home;
    },
    get taskQueue() {
      return started().taskQueue;
    },
    get environment() {
      return started().environment;
    },
    get users() {
      return started().users;
    },
    as: (user) => started().as(user),
    asNewUser: () => started().asNewUser(),
    startWorker: (environment) => started().startWorker(environment),
    startApi: (environment) => started().startApi(environment),
    close: () => started().close(),
  };
}

/** Starts a worker of the service for the running test alone. */
export async function startTestWorker(
  service: Service,
  environment: Record<string, string> = {},
): Promise<RoleProcess> {
  const worker = await service.startWorker(environment);
  onTestFinished(() => worker.close());
  return worker;
}

/** Starts a service with users alice, bob and the admin root. */
export async function startService(options: ServiceOptions = {}): Promise<OwnService> {
  const { temporal = inject('temporal'), workers = 1, environment = {}, entry = ownEntry } = options;
  const home = await mkdtemp(join(tmpdir(), 'taskbell-service-'));
  const taskQueue = `test-${randomUUID()}`;
  const shared = {
    PATH: process.env['PATH'],
    HOST: '127.0.0.1',
    PORT: '0',
    TASKBELL_HOME: home,
    TASKBELL_TASK_QUEUE: taskQueue,
    TASKBELL_TASK_MODULES: [
      resolve('test/support/handlers.mjs'),
      resolve('test/support/misbehaving.mjs'),
    ].join(),
    TASKBELL_LOG_LEVEL: process.env['TASKBELL_LOG_LEVEL'] ?? 'error',
    // Starting a handler process costs a third of a CPU second.
    TASKBELL_WORKER_CONCURRENCY: '1',
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    ...environment,
  };
  const roles = createRoles(shared, entry);
  const close = async (): Promise<void> => {
    await roles.close();
    await rm(home, { recursive: true, force: true });
  };
  try {
    const [api] = await Promise.all([
      roles.start('api'),
      ...Array.from({ length: workers }, () => roles.start('worker')),
    ]);
    const place = { url: api.url ?? '', home, taskQueue, environment: shared };
    return { ...(await createService(place, roles)), apiPid: api.pid, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Joins the shared service with users that no other test file has. */
function joinService(place: ServicePlace): Promise<Service> {
  return createService(place, createRoles(place.environment), `-${randomUUID().slice(0, 8)}`);
}

async function createService(place: ServicePlace, roles: Roles, suffix = ''): Promise<Service> {
  const administration = createUsers({ path: usersFilePath(place.home) });
  async function add(name: string, password: string, role: AccountRole): Promise<TestAccount> {
    await administration.add(name, password, role);
    return { name, password };
  }
  const [alice, bob, root] = await Promise.all([
    add(`alice${suffix}`, 'alice-password-1', 'user'),
    add(`bob${suffix}`, 'bob-password-1', 'user'),
    add(`root${suffix}`, 'root-password-1', 'admin'),
  ]);
  const users = { alice, bob, root };
  const signInAs = ({ name, password }: TestAccount): Promise<Caller> => signIn(place.url, name, password);
  return {
    ...place,
    users,
    as: (user) => signInAs(users[user]),
    asNewUser: async () => signInAs(await add(`user-${randomUUID()}`, 'a-good-password', 'user')),
    startWorker: (environment) => roles.start('worker', environment),
    startApi: (environment) => roles.start('api', environment),
    close: () => roles.close(),
  };
}

interface Roles {
  start(name: ProcessRole, environment?: Record<string, string>): Promise<RoleProcess>;
  close(): Promise<void>;
}

/** Starts processes of a service, and stops them together. */
function createRoles(shared: Record<string, string | undefined>, entry = ownEntry): Roles {
  const force = new AbortController();
  // Node.js warns at more than ten, and a file may stop more processes at once.
  setMaxListeners(0, force.signal);
  const started: RoleProcess[] = [];
  return {
    async start(name, environment = {}) {
      const secret = name === 'api' ? { TASKBELL_JWT_SECRET: jwtSecret } : {};
      const role = await startRole(
        {
          name,
          entry,
          environment: { ...shared, ...secret, ...environment },
          stopMs: 20_000,
          force: force.signal,
        },
        new AbortController().signal,
      );
      started.push(role);
      return role;
    },
    async close() {
      await Promise.all(started.splice(0).map((role) => role.close()));
    },
  };
}

/** Sends a request without credentials. */
export function anonymously<B = Record<string, unknown>>(
  service: Pick<Service, 'url'>,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) {
  return callUrl<B>(`${service.url}${path}`, method, body, headers);
}
