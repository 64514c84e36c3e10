/** Loads one of users' modules, and says what is wrong with it if that fails: its author has nothing else to go by. */
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { errorMessage } from '../../src/lib/error-message.ts';

export interface LoadOptions {
  /** Maximum time for all modules together, in milliseconds. */
  readonly maxMs?: number;
  /** Called with the reason if a module ends this process while it is loaded. */
  readonly onExit?: (error: Error) => void;
}

/** Returns a module's default export. @throws an Error that names the module. */
export async function importDefault(
  specifier: string,
  { deadline, onExit }: { readonly deadline: number; readonly onExit: ((error: Error) => void) | undefined },
): Promise<unknown> {
  const url = locate(specifier);
  const exiting = (code: number): void =>
    onExit?.(moduleError(specifier, `it ended the process with exit code ${code} while it was loaded`));
  process.once('exit', exiting);
  const loaded = new AbortController();
  try {
    const module = await Promise.race([import(url), isLate(deadline, loaded.signal)]);
    if (!('default' in module)) throw moduleError(specifier, 'it has no default export');
    return module.default;
  } catch (error) {
    if (error instanceof TaskModuleError) throw error;
    const place = error instanceof SyntaxError ? await placeOf(error, url) : '';
    throw moduleError(specifier, `it cannot be loaded: ${errorMessage(error)}${place}`, error);
  } finally {
    loaded.abort();
    process.off('exit', exiting);
  }
}

/** The reason why a module's task types can't be used. Its message names the module. */
export class TaskModuleError extends Error {
  override readonly name = 'TaskModuleError';
}

export function moduleError(specifier: string, why: string, cause?: unknown): TaskModuleError {
  return new TaskModuleError(`Task module "${specifier}": ${why}`, { cause });
}

/** Rejects at the deadline. Its timer also keeps a process alive that has nothing else to do. */
async function isLate(deadline: number, signal: AbortSignal): Promise<never> {
  const ms = Math.max(0, deadline - performance.now());
  await sleep(ms, undefined, { signal });
  throw new Error('it did not finish in time. Does a top-level await in it wait forever?');
}

/**
 * Resolves paths and packages relative to the current directory; Node would resolve both relative to this
 * file.
 */
function locate(specifier: string): string {
  if (specifier.startsWith('file:')) return specifier;
  const path = resolve(specifier);
  const isPath = isAbsolute(specifier) || /^\.\.?[/\\]/.test(specifier);
  if (isPath || statSync(path, { throwIfNoEntry: false })?.isFile()) return pathToFileURL(path).href;
  try {
    return pathToFileURL(createRequire(join(process.cwd(), 'package.json')).resolve(specifier)).href;
  } catch {
    // A package for `import` only: Node resolves it as if it were a dependency of ours.
    return specifier;
  }
}

/** The first line of what Node prints about a syntax error: a path or a URL, and the line. */
const placePattern = /^(?<file>(?:file:\/\/|\/|[A-Za-z]:[\\/]).*):(?<line>\d+)\r?$/m;

/**
 * Returns where a syntax error is, such as ` (line 3 of /tasks/own.mjs)`. Node puts that into the stack of some of
 * them only, and prints it for the others: if the error is in a file that the module imports, it isn't known.
 */
async function placeOf(error: SyntaxError, url: string): Promise<string> {
  const found = placePattern.exec(error.stack ?? '') ?? placePattern.exec(await checkSyntax(url));
  const { file = '', line } = found?.groups ?? {};
  if (line === undefined) return '';
  return ` (line ${line} of ${file.startsWith('file:') ? fileURLToPath(file) : file})`;
}

/** Returns what `node --check` prints about a file. It doesn't run the file. */
async function checkSyntax(url: string): Promise<string> {
  if (!url.startsWith('file:')) return '';
  try {
    await promisify(execFile)(process.execPath, ['--check', fileURLToPath(url)], { env: {}, timeout: 5000 });
    return '';
  } catch (error) {
    return error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  }
}
