import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ObtainOptions, installAtomically } from './obtain.ts';
import { stopChild } from './processes.ts';
import { cliVersion } from './version.ts';

const deadlineMs = 300_000;
const shownReason = 300;

/**
 * Script of a child process. The SDK downloads only as a part of starting its own server, in native code that
 * can't be interrupted and that takes over the process's signals.
 */
const script = `
  import { TestWorkflowEnvironment } from '@temporalio/testing';
  const [version, downloadDir] = process.argv.slice(1);
  const executable = { type: 'cached-download', version, downloadDir, ttl: '1d' };
  try {
    const environment = await TestWorkflowEnvironment.createLocal({ server: { executable } });
    await environment.teardown();
  } catch (error) {
    console.error('REASON ' + (error instanceof Error ? error.message : String(error)));
    process.exitCode = 1;
  }
`;

/** Lets the SDK download the CLI from temporal.download. @throws with the reason when it can't. */
export async function downloadCli({ target, report, environment, signal }: ObtainOptions): Promise<void> {
  report({ waitingFor: 'Downloading the Temporal server' });
  await installAtomically(target, async (folder) => {
    const reason = await runScript(folder, environment, signal);
    const path = join(folder, `temporal-v${cliVersion}${process.platform === 'win32' ? '.exe' : ''}`);
    // Only the file counts: the SDK renames it into place when it is complete, and whether the SDK's own server came up
    // within five seconds says nothing about ours.
    try {
      await stat(path);
    } catch {
      throw new Error(`Download: ${reason}`);
    }
    await chmod(path, 0o755);
    return path;
  });
}

async function runScript(
  folder: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<string> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', script, '--', `v${cliVersion}`, folder],
    {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
      env: environment,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-10_000)));
  const deadline = AbortSignal.timeout(deadlineMs);
  const stop = (): void => void stopChild(child, 0);
  deadline.addEventListener('abort', stop);
  signal?.addEventListener('abort', stop);
  try {
    await once(child, 'close');
    signal?.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', stop);
    deadline.removeEventListener('abort', stop);
  }
  if (deadline.aborted) return `not finished after ${deadlineMs / 60_000} minutes`;
  const reason = /REASON ([\s\S]*)/.exec(output)?.[1] ?? output;
  return reason.trim().replaceAll(/\s+/g, ' ').slice(0, shownReason) || 'the SDK produced no file';
}
