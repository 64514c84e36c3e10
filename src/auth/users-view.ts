import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { hasCode } from './error-code.ts';
import { asUsersFileError, parseUsersFile, type User, type UsersFileError } from './users-file.ts';

/** The users as of the last look at the file. */
export interface UsersView {
  users(): readonly User[];
  /** Looks at the file, and reads it if it is another than before. Never rejects. */
  refresh(): Promise<void>;
}

interface Dependencies {
  readonly path: string;
  /** Called after the file changed, with the users before and after. */
  readonly onChange: (before: readonly User[], after: readonly User[]) => void;
  /** The file has become unreadable; the last good view stays. Told once, not at every look. */
  readonly onError: (error: UsersFileError) => void;
}

const MISSING = 'missing';

/**
 * Reads the users file, and again whenever {@link UsersView.refresh} finds it changed.
 * @throws {UsersFileError} if the file is corrupt from the start: there is no good view to keep.
 */
export async function createUsersView({ path, onChange, onError }: Dependencies): Promise<UsersView> {
  let { users, signature } = await load(path);
  let lastError: string | undefined;
  let tail = Promise.resolve();

  async function check(): Promise<void> {
    try {
      const isSame = (await signatureOf(path)) === signature;
      const before = users;
      if (!isSame) ({ users, signature } = await load(path));
      lastError = undefined;
      if (!isSame) onChange(before, users);
    } catch (error) {
      const failure = asUsersFileError(path, error);
      if (failure.message !== lastError) onError(failure);
      lastError = failure.message;
    }
  }

  return {
    users: () => users,
    refresh() {
      // One after the other, so that an older reading never replaces a newer one; each caller gets a look of its own,
      // begun after it asked.
      tail = tail.then(check);
      return tail;
    },
  };
}

async function load(path: string): Promise<{ users: readonly User[]; signature: string }> {
  let text: string;
  let signature: string;
  try {
    const file = await open(path, 'r');
    try {
      // Both from the same open file: a rename in between cannot pair one file's stat with another's content.
      signature = describe(await file.stat({ bigint: true }));
      text = await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return { users: [], signature: MISSING };
    throw asUsersFileError(path, error);
  }
  return { users: parseUsersFile(path, text), signature };
}

async function signatureOf(path: string): Promise<string> {
  try {
    return describe(await stat(path, { bigint: true }));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return MISSING;
    throw error;
  }
}

function describe(stats: BigIntStats): string {
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ');
}
