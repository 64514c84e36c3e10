import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Version of the Temporal CLI whose server Taskbell is built for and measured with. */
export const cliVersion = '1.5.1';
export const pinnedServerVersion = '1.29.1';

/** A `temporal` executable that runs, and the version of its server. */
export interface TemporalCli {
  readonly path: string;
  /** Server version from `--version`, such as 1.29.1: builds by `go install` don't know the version of the CLI. */
  readonly serverVersion: string;
}

/** @throws when the file doesn't run, or isn't the Temporal CLI. */
export async function inspectCli(path: string, environment: NodeJS.ProcessEnv): Promise<TemporalCli> {
  const { stdout } = await run(path, ['--version'], { timeout: 20_000, env: environment });
  const serverVersion = /Server (\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  if (serverVersion === undefined) {
    throw new Error(`\`${path} --version\` says ${JSON.stringify(stdout.trim().slice(0, 200))}`);
  }
  return { path, serverVersion };
}

/**
 * Returns whether two servers can open the same database. SQLite files aren't migrated between minor versions: the
 * schema is created with a new file and never changed.
 */
export function sameMinor(a: string, b: string): boolean {
  return minorOf(a) === minorOf(b);
}

export function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
