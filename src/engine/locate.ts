import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, childEnvironment } from '../config.ts';
import { buildCli } from './build.ts';
import { downloadCli } from './download.ts';
import type { ReportProgress } from '../lib/progress.ts';
import { SetupError } from '../lib/setup-error.ts';
import {
  type TemporalCli,
  cliVersion,
  inspectCli,
  minorOf,
  pinnedServerVersion,
  sameMinor,
} from './version.ts';
import { isErrno } from '../lib/errno.ts';
import { errorMessage } from '../lib/error-message.ts';

export interface LocateOptions {
  /** Server version that the database needs; executables of another minor version are skipped. */
  readonly databaseVersion?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Environment from which PATH and Go's settings are read. */
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Finds the `temporal` executable: TEMPORAL_CLI, PATH, our cache. Otherwise obtains it once for all projects of this
 * user: by the SDK's download or, if that fails, by building it with Go.
 * @throws {SetupError} with instructions.
 */
export async function locateTemporal(
  engine: Pick<Config['engine'], 'cli' | 'cacheDir'>,
  report: ReportProgress,
  options: LocateOptions = {},
): Promise<TemporalCli> {
  const environment = options.environment ?? childEnvironment();
  const wanted = options.databaseVersion;
  if (engine.cli !== undefined) return fromVariable(engine.cli, wanted, environment);

  const cached = cachedPath(engine.cacheDir);
  for (const path of ['temporal', cached]) {
    const found = await tryCli(path, environment);
    if (found !== undefined && (wanted === undefined || sameMinor(found.serverVersion, wanted))) return found;
  }
  if (wanted !== undefined && !sameMinor(wanted, pinnedServerVersion)) throw otherVersion(wanted);

  await obtain(engine.cacheDir, cached, report, environment, options.signal);
  return inspectCli(cached, environment);
}

export function cachedPath(cacheDir: string): string {
  const name = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
  return join(cacheDir, `temporal-cli-${cliVersion}`, name);
}

async function fromVariable(
  path: string,
  wanted: string | undefined,
  environment: NodeJS.ProcessEnv,
): Promise<TemporalCli> {
  let found: TemporalCli;
  try {
    found = await inspectCli(path, environment);
  } catch (error) {
    const reason = isErrno(error, 'ENOENT') ? 'there is no such file' : errorMessage(error);
    throw new SetupError(`TEMPORAL_CLI=${path} can't be used: ${reason}`, { cause: error });
  }
  if (wanted !== undefined && !sameMinor(found.serverVersion, wanted)) {
    throw otherVersion(wanted, `TEMPORAL_CLI (${path}) is ${found.serverVersion}`);
  }
  return found;
}

function otherVersion(wanted: string, found?: string): SetupError {
  const minor = minorOf(wanted);
  return new SetupError(
    `The database was created by Temporal server ${wanted}, and a server of another minor version can't open it` +
      `${found === undefined ? '' : `; ${found}`}. ` +
      `Set TEMPORAL_CLI to a Temporal CLI with server ${minor}, or TASKBELL_HOME to a new folder.`,
  );
}

/**
 * Inspects an executable. @returns undefined when it doesn't exist or doesn't run: then the next place is
 * tried, and a cached one is obtained again.
 */
async function tryCli(path: string, environment: NodeJS.ProcessEnv): Promise<TemporalCli | undefined> {
  try {
    return await inspectCli(path, environment);
  } catch {
    return undefined;
  }
}

async function obtain(
  cacheDir: string,
  target: string,
  report: ReportProgress,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await mkdir(join(cacheDir, `temporal-cli-${cliVersion}`), { recursive: true });
  } catch (error) {
    throw new SetupError(
      `The folder for the Temporal server can't be created: ${errorMessage(error)}. Set XDG_CACHE_HOME to a writable folder.`,
      { cause: error },
    );
  }
  const reasons: string[] = [];
  for (const attempt of [downloadCli, buildCli]) {
    try {
      await attempt({ target, report, environment, signal });
      return;
    } catch (error) {
      signal?.throwIfAborted();
      reasons.push(errorMessage(error));
    }
  }
  throw new SetupError(
    [
      `No Temporal server was found, and none could be downloaded or built:`,
      ...reasons.map((reason) => `  - ${reason}`),
      `Install the Temporal CLI (https://docs.temporal.io/cli) or Go 1.25 or newer, set TEMPORAL_CLI to a \`temporal\``,
      `executable, or set TEMPORAL_ADDRESS to a server that runs elsewhere.`,
    ].join('\n'),
  );
}
