import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Closers } from '../../src/lib/closers.ts';
import { hasEnded, killGroup, stopChild } from '../../src/engine/processes.ts';

const stopMs = 10_000;

export interface PeerProcess {
  readonly pid: number;
  /** Kills the process with all that it started. */
  kill(): Promise<void>;
}

interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
  /** Text for the standard input. */
  readonly input?: string;
}

/** Starts a program in a process group of its own, and adds it to what is closed. Its output goes to the log. */
export function startProcess(
  closers: Closers,
  { command, args, cwd, env, user, input }: Command,
): PeerProcess {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, LANG: 'C.UTF-8', ...env },
    detached: true,
    stdio: ['pipe', 2, 2],
    ...user,
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} can't be started`);
  child.stdin?.end(input ?? '');
  const killAtExit = (): void => killGroup(pid);
  process.once('exit', killAtExit);
  closers.add(async () => {
    await stopChild(child, stopMs);
    process.off('exit', killAtExit);
  });
  return { pid, kill: () => kill(child, pid) };
}

async function kill(child: ChildProcess, pid: number): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  killGroup(pid);
  await ended;
}
