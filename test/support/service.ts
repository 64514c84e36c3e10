import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createUsers } from '../../src/auth/users.ts';
import { type RoleLife, startRole } from '../../src/cli/role.ts';
import { usersFilePath } from '../../src/auth/places.ts';
import { type Caller, callUrl, signIn } from './caller.ts';

export const passwords = {
  alice: 'alice-password-1',
  bob: 'bob-password-1',
  root: 'root-password-1',
} as const;

export type UserName = keyof typeof passwords;

/** A running Taskbell: real processes of the built product, users alice, bob and the admin root. */
export interface Service {
  readonly url: string;
  readonly home: string;
  readonly taskQueue: string;
  readonly environment: Record<string, string | undefined>;
  as(user: UserName): Promise<Caller>;
  /** Somebody who has no tasks yet. */
  asNewUser(): Promise<Caller>;
  startWorker(environment?: Record<string, string>): Promise<RoleLife>;
  startApi(environment?: Record<string, string>): Promise<RoleLife>;
  close(): Promise<void>;
}

export interface ServiceOptions {
  readonly temporal: { readonly address: string; readonly namespace: string };
  /** 0 for tests that want to see what happens without any; 1 unless told otherwise. */
  readonly workers?: number;
  readonly environment?: Record<string, string>;
}

const entry = resolve('dist/src/cli/main.js');

export async function startService({
  temporal,
  workers = 1,
  environment = {},
}: ServiceOptions): Promise<Service> {
  const home = await mkdtemp(join(tmpdir(), 'taskbell-service-'));
  await addUsers(home);
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
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_NAMESPACE: temporal.namespace,
    ...environment,
  };
  const force = new AbortController();
  const lives: RoleLife[] = [];
  async function start(name: 'api' | 'worker', more: Record<string, string>): Promise<RoleLife> {
    const secret = name === 'api' ? { TASKBELL_JWT_SECRET: 'a secret that only these tests know about' } : {};
    const options = {
      name,
      entry,
      environment: { ...shared, ...secret, ...more },
      stopMs: 20_000,
      force: force.signal,
    };
    const life = await startRole(options, new AbortController().signal);
    lives.push(life);
    return life;
  }
  const close = async (): Promise<void> => {
    await Promise.all(lives.map((life) => life.close()));
    await rm(home, { recursive: true, force: true });
  };
  try {
    const [api] = await Promise.all([
      start('api', {}),
      ...Array.from({ length: workers }, () => start('worker', {})),
    ]);
    const url = api.url ?? '';
    return {
      url,
      home,
      taskQueue,
      environment: shared,
      as: (user) => signIn(url, user, passwords[user]),
      async asNewUser() {
        const name = `user-${randomUUID()}`;
        await createUsers({ path: usersFilePath(home) }).add(name, 'a-good-password', 'user');
        return signIn(url, name, 'a-good-password');
      },
      startWorker: (more = {}) => start('worker', more),
      startApi: (more = {}) => start('api', more),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function addUsers(home: string): Promise<void> {
  const users = createUsers({ path: usersFilePath(home) });
  await users.add('alice', passwords.alice, 'user');
  await users.add('bob', passwords.bob, 'user');
  await users.add('root', passwords.root, 'admin');
}

/** Asks without any credentials. */
export function anonymously<B = Record<string, unknown>>(
  service: Pick<Service, 'url'>,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) {
  return callUrl<B>(`${service.url}${path}`, method, body, headers);
}
