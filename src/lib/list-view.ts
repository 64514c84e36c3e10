import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { asListFileError, type ListFileError, type ListFormat, parseListFile } from './list-file.ts';
import { isErrno } from './errno.ts';

/** The list as of the last check of its file. */
export interface ListView<T> {
  list(): readonly T[];
  /** Checks the file, and reads it if it has changed. Never rejects. */
  refresh(): Promise<void>;
}

interface Dependencies<T, F> {
  readonly path: string;
  readonly format: ListFormat<T, F>;
  /** Called after the file changed, with the list before and after. */
  readonly onChange: (before: readonly T[], after: readonly T[]) => void;
  /** Called once, not at every check, if the file becomes unreadable. The last good view stays in use. */
  readonly onError: (error: ListFileError) => void;
}

const missing = 'missing';

/**
 * Reads the file, and again whenever {@link ListView.refresh} finds it changed.
 * @throws {ListFileError} if the file is corrupt from the start: there is no good view to keep.
 */
export async function createListView<T, F>(dependencies: Dependencies<T, F>): Promise<ListView<T>> {
  const { path, format, onChange, onError } = dependencies;
  let { list, signature } = await load(path, format);
  let lastError: string | undefined;
  let tail = Promise.resolve();

  async function check(): Promise<void> {
    try {
      const isSame = (await signatureOf(path)) === signature;
      const before = list;
      if (!isSame) ({ list, signature } = await load(path, format));
      lastError = undefined;
      if (!isSame) onChange(before, list);
    } catch (error) {
      const failure = asListFileError(path, error);
      if (failure.message !== lastError) onError(failure);
      lastError = failure.message;
    }
  }

  return {
    list: () => list,
    refresh() {
      // Checks run one at a time, so that an older reading never replaces a newer one. Each caller gets its
      // own check, which starts after the call.
      tail = tail.then(check);
      return tail;
    },
  };
}

async function load<T, F>(
  path: string,
  format: ListFormat<T, F>,
): Promise<{ list: readonly T[]; signature: string }> {
  let text: string;
  let signature: string;
  try {
    const file = await open(path, 'r');
    try {
      // Both are read from the same open file: a rename in between cannot pair one file's stat with another's
      // content.
      signature = describe(await file.stat({ bigint: true }));
      text = await file.readFile('utf8');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return { list: [], signature: missing };
    throw asListFileError(path, error);
  }
  return { list: parseListFile(path, text, format), signature };
}

async function signatureOf(path: string): Promise<string> {
  try {
    return describe(await stat(path, { bigint: true }));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return missing;
    throw error;
  }
}

function describe(stats: BigIntStats): string {
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ');
}
