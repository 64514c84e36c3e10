import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Length of a Linux tick in milliseconds, on every architecture that Node runs on (`getconf CLK_TCK`). */
const tickMs = 10;
/** Size of a page of memory in bytes, on the architectures that we measure on (`getconf PAGESIZE`). */
const pageBytes = 4096;

/**
 * Returns the CPU time that a process and all its descendants have used so far, in milliseconds. The time of
 * an ended child counts towards its parent once the parent has reaped it, so the sum never falls while the
 * root lives.
 * @throws when the process no longer exists, or the system has no /proc.
 */
export function processTreeCpuMs(root: number): number {
  const processes = new Map<number, Usage>();
  for (const pid of readPids()) {
    const usage = readUsage(pid);
    if (usage !== undefined) processes.set(pid, usage);
  }
  if (!processes.has(root)) throw new Error(`Process ${root} no longer exists`);
  let ticks = 0;
  for (const [pid, usage] of processes) if (descends(pid, root, processes)) ticks += usage.ticks;
  return ticks * tickMs;
}

/** Returns the memory of one process without its children, in MB. */
export function residentMb(pid: number): number {
  const usage = readUsage(pid);
  if (usage === undefined) throw new Error(`Process ${pid} no longer exists`);
  return (usage.pages * pageBytes) / 1e6;
}

/** CPU time of parts of a service so far, in milliseconds, by the name of the part. */
export type CpuTimes = Readonly<Record<string, number>>;

/** Returns the CPU time of each named process with its descendants. */
export function cpuTimes(pids: Readonly<Record<string, number>>): CpuTimes {
  return Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, processTreeCpuMs(pid)]));
}

export function totalCpu(times: CpuTimes): number {
  return Object.values(times).reduce((sum, each) => sum + each, 0);
}

const idle = { windowMs: 500, maxShare: 0.1, deadlineMs: 90_000 };

/**
 * Waits until the processes use less than a tenth of a core for half a second.
 * @returns the time until they were, in milliseconds, and what they used of the CPU in that time.
 */
export async function untilIdle(read: () => CpuTimes): Promise<{ afterMs: number; cpuMs: number }> {
  const startedAt = performance.now();
  const before = totalCpu(read());
  for (let last = before; ;) {
    const windowFrom = performance.now();
    await sleep(idle.windowMs);
    const now = totalCpu(read());
    const isIdle = now - last <= idle.maxShare * (performance.now() - windowFrom);
    if (isIdle || windowFrom - startedAt > idle.deadlineMs)
      return { afterMs: windowFrom - startedAt, cpuMs: now - before };
    last = now;
  }
}

interface Usage {
  readonly parent: number;
  readonly ticks: number;
  readonly pages: number;
}

function readPids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** Reads the usage of a process. @returns undefined if it has ended in the meantime. */
function readUsage(pid: number): Usage | undefined {
  try {
    // After the command's closing bracket: state, parent, … and, from the 12th field, utime, stime, cutime, cstime; rss.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ').map(Number) ?? [];
    const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
    return { parent: fields[1] ?? 0, ticks, pages: fields[21] ?? 0 };
  } catch {
    return undefined;
  }
}

function descends(pid: number, root: number, processes: ReadonlyMap<number, Usage>): boolean {
  for (let at: number | undefined = pid; at !== undefined; at = processes.get(at)?.parent) {
    if (at === root) return true;
  }
  return false;
}
