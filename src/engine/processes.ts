import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { childEnvironment } from '../config.ts';

const pollMs = 50;
const killMs = 5_000;

/** A process as recorded in a file: ids are reused, but an id together with a start time is not. */
export interface ProcessRecord {
  readonly pid: number;
  /** Opaque; undefined where the system can't report it. */
  readonly startedAt: string | undefined;
}

/** @returns undefined when there is no such process (a zombie counts as none). */
export function recordProcess(pid: number): ProcessRecord | undefined {
  if (!isThere(pid)) return undefined;
  const startedAt = startOfProcess(pid);
  return startedAt === 'ended' ? undefined : { pid, startedAt };
}

/** Returns whether the recorded process itself is alive, not just one that got its id later. */
export function isAlive(record: ProcessRecord): boolean {
  const now = recordProcess(record.pid);
  return now !== undefined && now.startedAt === record.startedAt;
}

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
 * Ends a process that isn't our child, so only polling can show when it has ended.
 * @returns false when it can't be ended: it belongs to another user.
 */
export async function stopRecorded(record: ProcessRecord, deadlineMs: number): Promise<boolean> {
  const killAt = Date.now() + deadlineMs;
  if (isAlive(record)) signalProcess(record.pid, 'SIGTERM');
  while (isAlive(record)) {
    const late = Date.now() - killAt;
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

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
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

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isErrno(error, 'EPERM');
  }
}

function startOfProcess(pid: number): string | undefined {
  try {
    // After the command's closing bracket: state, … and as the 20th field the start in clock ticks since boot.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return fields[0] === 'Z' ? 'ended' : fields[19];
  } catch {
    return startFromPs(pid);
  }
}

/** Reads the start time on systems without /proc (macOS, BSD). */
function startFromPs(pid: number): string | undefined {
  try {
    const [state, ...start] = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      // Otherwise the same start reads differently to a process with another locale or time zone.
      env: childEnvironment({ LC_ALL: 'C', TZ: 'UTC' }),
    })
      .trim()
      .split(/\s+/);
    return state === undefined || state === '' || state.startsWith('Z') ? 'ended' : start.join(' ');
  } catch {
    // `ps` fails for a process that has ended, and where `ps` doesn't exist: then the id alone must do.
    return isThere(pid) ? undefined : 'ended';
  }
}
