import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The release whose server Taskbell is built and measured with. */
export const cliVersion = '1.5.1';
export const pinnedServerVersion = '1.29.1';

/** A `temporal` executable that runs, and the version of the server inside. */
export interface TemporalCli {
  readonly path: string;
  /** From `--version`, as 1.29.1: builds by `go install` know the server's version, but not the CLI's own. */
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

/** SQLite files aren't migrated between minor versions: the schema is made with a new file and never changed. */
export function sameMinor(a: string, b: string): boolean {
  return minorOf(a) === minorOf(b);
}

export function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}
