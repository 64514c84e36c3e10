import { randomBytes } from 'node:crypto';
import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { readPasswordFrom } from '../../auth/new-password.ts';
import { createUsers, UserError } from '../../auth/users.ts';
import type { Role } from '../../auth/users-file.ts';
import type { Config } from '../../config.ts';
import { usersFilePath } from '../../auth/paths.ts';
import { type Credentials, Refusal, signIn } from './client.ts';
import { DemoError } from './errors.ts';

/** A running API sees a new user within a second or two. */
const seenWithinMs = 8000;
const pollMs = 300;

const otherwise = 'sign in as a user of it: npm run demo -- --user NAME --password-stdin';

/** A signed-in account. `close()` removes it if it is temporary. */
export interface Account extends Credentials {
  readonly token: string;
  close(): Promise<void>;
}

interface AccountOptions {
  readonly url: string;
  /** The demo's own service, if no other service was up. */
  readonly own: { readonly home: string } | undefined;
  readonly config: Pick<Config, 'home' | 'identityProvider'>;
  readonly user?: string;
  readonly passwordStdin?: boolean;
  readonly stop: AbortSignal;
}

/** Signs in as the given user, or else as a temporary one. @throws {DemoError} */
export async function openAccount(options: AccountOptions): Promise<Account> {
  const { url, own, config, user, stop } = options;
  // Admins get links into the Temporal Web UI. Where others have tasks too, the demo need not see them.
  if (own !== undefined) return addTemporaryAccount({ url, home: own.home, role: 'admin', stop });
  if (user !== undefined) {
    if (options.passwordStdin !== true) throw new DemoError('--user requires --password-stdin.');
    return useAccount(url, { username: user, password: await readPasswordFrom(process.stdin) });
  }
  if (config.identityProvider !== undefined) {
    throw new DemoError(
      'An identity provider manages the accounts there; the demo can sign in only with a name and password.',
    );
  }
  await assertUsersFile(config.home);
  return addTemporaryAccount({ url, home: config.home, role: 'user', stop });
}

/** @throws {DemoError} */
async function useAccount(url: string, credentials: Credentials): Promise<Account> {
  try {
    const token = await signIn(url, credentials);
    return { ...credentials, token, close: () => Promise.resolve() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new DemoError(`Cannot sign in to ${url} as ${credentials.username}: ${error.message}`, {
      cause: error,
    });
  }
}

interface TemporaryOptions {
  readonly url: string;
  /** TASKBELL_HOME of the service. */
  readonly home: string;
  readonly role: Role;
  readonly stop: AbortSignal;
}

/** @throws {DemoError} when that home has no users file, so that no one can sign in with an account from it. */
async function assertUsersFile(home: string): Promise<void> {
  try {
    await access(usersFilePath(home));
  } catch (error) {
    const there = `There is no users file in ${home}, where the demo would add a temporary user`;
    throw new DemoError(`${there}.\nSet TASKBELL_HOME to the service's folder, or ${otherwise}`, {
      cause: error,
    });
  }
}

/**
 * Adds a user to the service's users file and signs in as that user. Only this process knows the password, so
 * an account left behind by a crash can't be used.
 * @throws {DemoError} when the service does not use that file.
 */
async function addTemporaryAccount({ url, home, role, stop }: TemporaryOptions): Promise<Account> {
  const users = createUsers({ path: usersFilePath(home) });
  const username = `demo-${randomBytes(4).toString('hex')}`;
  const password = randomBytes(18).toString('base64url');
  const close = async (): Promise<void> => {
    try {
      await users.remove(username);
    } catch (error) {
      // It was removed by other means, which is just as well.
      if (!(error instanceof UserError)) throw error;
    }
  };
  await users.add(username, password, role);
  try {
    const token = await signInSoon(url, { username, password }, stop);
    return { username, password, token, close };
  } catch (error) {
    await close();
    if (!(error instanceof Refusal)) throw error;
    const what = `${url} does not know the user that the demo added to ${usersFilePath(home)}`;
    const advice = `Set TASKBELL_HOME to the folder of that service, or ${otherwise}`;
    throw new DemoError(`${what} (${error.message}).\n${advice}`, { cause: error });
  }
}

async function signInSoon(url: string, credentials: Credentials, stop: AbortSignal): Promise<string> {
  const deadline = Date.now() + seenWithinMs;
  for (;;) {
    stop.throwIfAborted();
    try {
      return await signIn(url, credentials);
    } catch (error) {
      const mayStillAppear = error instanceof Refusal && (error.status === 401 || error.status === 429);
      if (!mayStillAppear || Date.now() > deadline) throw error;
    }
    await sleep(pollMs);
  }
}
