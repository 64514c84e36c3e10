import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ObtainOptions, installAtomically } from './obtain.ts';
import { stopChild } from './processes.ts';
import { cliVersion } from './version.ts';
import { isErrno } from '../lib/errno.ts';

const goPackage = `github.com/temporalio/cli/cmd/temporal@v${cliVersion}`;

/** Builds the CLI from source through the Go module proxy. @throws with the reason when it can't. */
export async function buildCli(options: ObtainOptions): Promise<void> {
  await installAtomically(options.target, async (folder) => {
    await goInstall(folder, options);
    return join(folder, process.platform === 'win32' ? 'temporal.exe' : 'temporal');
  });
}

async function goInstall(folder: string, { report, environment, signal }: ObtainOptions): Promise<void> {
  const waitingFor = 'Building the Temporal server with Go (once, about 4 minutes)';
  const child = spawn('go', ['install', '-v', '-ldflags', '-s -w', goPackage], {
    // Without cgo, the build needs no C compiler; the server's SQLite is in Go. GOBIN isn't allowed with
    // another GOOS or GOARCH.
    env: { ...environment, GOBIN: folder, CGO_ENABLED: '0', GOOS: undefined, GOARCH: undefined },
    cwd: folder,
    // Its own process group, since the compilers that it starts must end with it.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stop = (): void => void stopChild(child, 2_000);
  signal?.addEventListener('abort', stop);
  const complaints: string[] = [];
  let compiled = 0;
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    const downloading = /^go: downloading (\S+ \S+)/.exec(line)?.[1];
    if (downloading !== undefined) return report({ waitingFor, detail: `downloading ${downloading}` });
    if (/^[\w.-]+(\/[\w.~-]+)*$/.test(line)) {
      compiled += 1;
      return report({ waitingFor, detail: `package ${compiled}` });
    }
    complaints.push(line);
  });
  try {
    const spawned = once(child, 'spawn');
    await spawned.catch((error: unknown) => {
      throw isErrno(error, 'ENOENT') ? new Error('Go: no `go` on PATH', { cause: error }) : error;
    });
    report({ waitingFor });
    const [code] = await once(child, 'close');
    signal?.throwIfAborted();
    if (code !== 0) throw new Error(`Go: ${complaints.slice(-5).join(' / ') || `exit code ${String(code)}`}`);
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
