/** Identity of a process: process ids are reused, but an id together with a start time is not. */
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isErrno } from './errno.ts';

/** A process as recorded in a file, for readers on the same machine. */
export interface ProcessRecord {
  readonly pid: number;
  /** Opaque; undefined where the system can't report it. */
  readonly startedAt: string | undefined;
}

/** A process as recorded in a file that other machines and containers may read. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start of the process, opaque; empty where the system can't report it. */
  readonly started: string;
  /**
   * Scope within which the process id is valid: boot and pid namespace on Linux, the host name elsewhere.
   */
  readonly place: string;
}

/** @returns undefined when there is no such process (a zombie counts as none). */
export function recordProcess(pid: number): ProcessRecord | undefined {
  if (!exists(pid)) return undefined;
  const startedAt = startOf(pid);
  return startedAt === 'ended' ? undefined : { pid, startedAt };
}

/** Returns whether the recorded process itself is alive, not just one that got its id later. */
export function isAlive(record: ProcessRecord): boolean {
  const now = recordProcess(record.pid);
  return now !== undefined && now.startedAt === record.startedAt;
}

/** Returns the identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, started: recordProcess(process.pid)?.startedAt ?? '', place: ownPlace() };
}

/**
 * Returns whether a process is still running; `unknown` if it runs, or ran, where this one cannot check
 * (another host, another container, before the last boot).
 */
export function liveness(identity: ProcessIdentity): 'alive' | 'dead' | 'unknown' {
  if (identity.place !== ownPlace()) return 'unknown';
  const now = recordProcess(identity.pid);
  if (now === undefined) return 'dead';
  return now.startedAt === undefined || now.startedAt === identity.started ? 'alive' : 'dead';
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to another user.
    return isErrno(error, 'EPERM');
  }
}

function ownPlace(): string {
  if (process.platform !== 'linux') return hostname();
  const boot = whereReadable(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const namespace = whereReadable(() => readlinkSync('/proc/self/ns/pid'));
  return `${boot ?? hostname()} ${namespace ?? ''}`;
}

function startOf(pid: number): string | undefined {
  const text = whereReadable(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (text === undefined) return startFromPs(pid);
  // The command's name can contain anything. After its closing bracket: state, … and as the 20th field the start in
  // clock ticks since boot.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : fields[19];
}

/** Reads the start time on systems without /proc (macOS, BSD). */
function startFromPs(pid: number): string | undefined {
  try {
    const [state, ...start] = execFileSync('/bin/ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      // Otherwise the same start reads differently to a process with another locale or time zone.
      env: { LC_ALL: 'C', TZ: 'UTC' },
    })
      .trim()
      .split(/\s+/);
    return state === undefined || state === '' || state.startsWith('Z') ? 'ended' : start.join(' ');
  } catch {
    // `ps` fails if the process has ended, or if `ps` doesn't exist: then the id alone has to be enough.
    return exists(pid) ? undefined : 'ended';
  }
}

/** Returns undefined if /proc is absent or hides other users' processes, which is not an error. */
function whereReadable(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
