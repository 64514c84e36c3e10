import { readPasswordFrom } from '../src/auth/new-password.ts';
import { type Client, TaskbellError } from '../src/client/index.ts';
import { createClient } from '../src/client/node.ts';
import { type Config, ConfigError } from '../src/config.ts';
import type { AccountRole } from '../src/contract/account.ts';
import type { Io } from '../src/lib/command.ts';
import { pause } from '../src/lib/wait.ts';
import { addTemporaryUser, hasUsersFile } from '../src/processes/accounts.ts';

/**
 * Delays between the tries to sign in as a new user, in milliseconds. A running API sees the user within a second or
 * two. It blocks a sixth try within a minute.
 */
const signInDelaysMs = [300, 700, 1500, 4000];
const timeoutMs = 10_000;

const otherwise = 'sign in as one of its users: npm run demo -- --user NAME --password-stdin';

/** A signed-in account. `close()` removes it if it is temporary. */
export interface Account {
  readonly username: string;
  readonly password: string;
  /** A client that acts for the account. */
  readonly client: Client;
  close(): Promise<void>;
}

interface AccountOptions {
  readonly io: Pick<Io, 'stdin'>;
  readonly url: string;
  /** The demo's own service, if no other service was up. */
  readonly own: { readonly home: string } | undefined;
  readonly config: Pick<Config, 'home' | 'identityProvider'>;
  readonly user?: string;
  readonly passwordStdin?: boolean;
  readonly stop: AbortSignal;
}

/** Signs in as the given user, or else as a temporary one. @throws {TaskbellError} {ConfigError} */
export async function openAccount(options: AccountOptions): Promise<Account> {
  const { io, url, own, config, user, stop } = options;
  // An admin gets links to the Temporal Web UI. In a shared service, the demo need not see others' tasks.
  if (own !== undefined) return addTemporaryAccount({ url, home: own.home, role: 'admin', stop });
  if (user !== undefined) {
    if (options.passwordStdin !== true) throw new ConfigError('--user requires --password-stdin.');
    return useAccount(url, { username: user, password: await readPasswordFrom(io.stdin) }, stop);
  }
  if (config.identityProvider !== undefined) {
    throw new ConfigError(
      'An identity provider has the accounts of this service; the demo can sign in only with a name and password.',
    );
  }
  if (!(await hasUsersFile(config.home))) {
    const there = `There is no users file in ${config.home}, where the demo would add a temporary user`;
    throw new ConfigError(`${there}.\nSet TASKBELL_HOME to the service's folder, or ${otherwise}`);
  }
  return addTemporaryAccount({ url, home: config.home, role: 'user', stop });
}

async function useAccount(
  url: string,
  credentials: { username: string; password: string },
  stop: AbortSignal,
): Promise<Account> {
  const client = createClient({ url, timeoutMs, ...credentials });
  try {
    await signIn(client, stop);
    return { ...credentials, client, close: () => Promise.resolve() };
  } catch (error) {
    if (!isRejection(error)) throw error;
    throw rejection(`Cannot sign in to ${url} as ${credentials.username}: ${error.message}`, error);
  }
}

interface TemporaryOptions {
  readonly url: string;
  /** TASKBELL_HOME of the service. */
  readonly home: string;
  readonly role: AccountRole;
  readonly stop: AbortSignal;
}

/**
 * Adds a user to the service's users file and signs in as that user.
 * @throws {TaskbellError} when the service does not use that file.
 */
async function addTemporaryAccount({ url, home, role, stop }: TemporaryOptions): Promise<Account> {
  const { usersFile, username, password, remove } = await addTemporaryUser(home, 'demo', role);
  const client = createClient({ url, timeoutMs, username, password });
  try {
    await signInSoon(client, stop);
    return { username, password, client, close: remove };
  } catch (error) {
    await remove();
    if (!isRejection(error)) throw error;
    const what = `${url} does not know the user that the demo added to ${usersFile}`;
    const advice = `Set TASKBELL_HOME to the folder of that service, or ${otherwise}`;
    throw rejection(`${what} (${error.message}).\n${advice}`, error);
  }
}

async function signInSoon(client: Client, stop: AbortSignal): Promise<void> {
  for (const delayMs of signInDelaysMs) {
    try {
      return await signIn(client, stop);
    } catch (error) {
      if (!isRejection(error) || error.status !== 401) throw error;
    }
    await pause(delayMs, stop);
  }
  await signIn(client, stop);
}

/** Signs in, which a client does with its first request. */
async function signIn(client: Client, signal: AbortSignal): Promise<void> {
  await client.taskTypes.list({ signal });
}

/** Returns whether the error is the service's response. An error without a response has status 0. */
function isRejection(error: unknown): error is TaskbellError {
  return error instanceof TaskbellError && error.status !== 0;
}

function rejection(message: string, cause: TaskbellError): TaskbellError {
  const { status, code } = cause;
  return new TaskbellError(message, { status, code, cause });
}
