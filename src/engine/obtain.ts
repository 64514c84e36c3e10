import { mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Report } from './errors.ts';

export interface ObtainOptions {
  /** Where the executable shall be. */
  readonly target: string;
  readonly report: Report;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

const abandonedAfterMs = 3_600_000;

/**
 * Lets `make` put an executable into a folder of its own beside the target, then renames it there: whoever looks sees
 * a whole executable or none, however many processes do this at once or die in it.
 */
export async function installAtomically(
  target: string,
  make: (folder: string) => Promise<string>,
): Promise<void> {
  const parent = dirname(target);
  const prefix = `.${basename(target)}-`;
  await removeAbandoned(parent, prefix);
  const folder = await mkdtemp(join(parent, prefix));
  try {
    await rename(await make(folder), target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Left by processes that were killed. */
async function removeAbandoned(parent: string, prefix: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix)) continue;
    const path = join(parent, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > abandonedAfterMs) await rm(path, { recursive: true, force: true });
  }
}
