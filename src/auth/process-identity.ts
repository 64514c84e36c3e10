import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { hasCode } from './error-code.ts';

/**
 * Identifies a lock's holder. A process id is not enough: ids are reused (a restarted container has the same ones), and
 * two containers that share a folder see different processes under the same id.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** When the process started, in kernel ticks; empty if the platform doesn't provide it. */
  readonly started: string;
  /** Where process ids have the same meaning: boot and pid namespace on Linux, the host name elsewhere. */
  readonly place: string;
}

/** The identity of this process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, started: processStat(process.pid)?.started ?? '', place: ownPlace() };
}

/**
 * Whether that process is still running; `unknown` if it runs, or ran, where this one cannot check (another host,
 * another container, before the last boot).
 */
export function liveness(of: ProcessIdentity): 'alive' | 'dead' | 'unknown' {
  if (of.place !== ownPlace()) return 'unknown';
  if (!answersSignals(of.pid)) return 'dead';
  const stat = processStat(of.pid);
  if (stat === undefined) return 'alive';
  // A killed process whose parent has not reaped it still answers signals.
  const zombie = stat.state === 'Z' || stat.state === 'X';
  return zombie || stat.started !== of.started ? 'dead' : 'alive';
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to another user.
    return !hasCode(error, 'ESRCH');
  }
}

function ownPlace(): string {
  if (process.platform !== 'linux') return hostname();
  const boot = whereReadable(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
  const namespace = whereReadable(() => readlinkSync('/proc/self/ns/pid'));
  return `${boot ?? hostname()} ${namespace ?? ''}`;
}

/** Reads state and start time from /proc/PID/stat. They follow the command's name, which can contain anything. */
function processStat(pid: number): { state: string; started: string } | undefined {
  const text = whereReadable(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, started] = [fields?.[0], fields?.[19]];
  return state === undefined || started === undefined ? undefined : { state, started };
}

/** Returns undefined if /proc is absent, or hides other users' processes: not an error, we just know less. */
function whereReadable(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
