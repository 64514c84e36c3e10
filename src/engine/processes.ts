import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isErrno } from '../lib/errno.ts';
import { isAlive, type ProcessRecord } from '../lib/process-identity.ts';

const pollMs = 50;
const killMs = 5_000;

/**
 * Ends a child that leads a process group: SIGTERM to it alone, since it may still need what it started; SIGKILL to
 * the whole group after the deadline, or when `force` is aborted. Resolves when the child has ended and the rest of its
 * group has been killed.
 */
export async function stopChild(child: ChildProcess, deadlineMs: number, force?: AbortSignal): Promise<void> {
  const { pid } = child;
  if (pid === undefined || hasEnded(child)) return;
  const ended = once(child, 'exit');
  const kill = (): void => {
    killGroup(pid);
    signalProcess(pid, 'SIGKILL');
  };
  const timer = setTimeout(kill, deadlineMs);
  force?.addEventListener('abort', kill);
  signalProcess(pid, 'SIGTERM');
  if (force?.aborted === true) kill();
  await ended;
  force?.removeEventListener('abort', kill);
  clearTimeout(timer);
  killGroup(pid);
}

/**
 * Ends a process that isn't our child. Only polling can show when it has ended.
 * @returns false when it can't be ended: it belongs to another user.
 */
export async function stopRecorded(record: ProcessRecord, deadlineMs: number): Promise<boolean> {
  const killAt = performance.now() + deadlineMs;
  if (isAlive(record)) signalProcess(record.pid, 'SIGTERM');
  while (isAlive(record)) {
    const late = performance.now() - killAt;
    if (late > killMs) return false;
    if (late > 0) signalProcess(record.pid, 'SIGKILL');
    await sleep(pollMs);
  }
  return true;
}

/** Kills what is left of the group that `leader` led. */
export function killGroup(leader: number): void {
  signalProcess(-leader, 'SIGKILL');
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    // ESRCH: already ended, or no such group. EPERM: macOS reports it for a group of zombies. EINVAL: Windows has no
    // groups.
    if (!['ESRCH', 'EPERM', 'EINVAL'].some((code) => isErrno(error, code))) throw error;
  }
}
