import { readdirSync, readFileSync } from 'node:fs';

/** Length of a Linux tick in milliseconds, on every architecture that Node runs on (`getconf CLK_TCK`). */
const tickMs = 10;

/**
 * Returns the CPU time that a process and all its descendants have used so far, in milliseconds. The time of
 * an ended child counts towards its parent once the parent has reaped it, so the sum never falls while the
 * root lives.
 * @throws when the process no longer exists, or the system has no /proc.
 */
export function processTreeCpuMs(root: number): number {
  const processes = new Map(readPids().flatMap((pid) => readUsage(pid) ?? []));
  if (!processes.has(root)) throw new Error(`Process ${root} no longer exists`);
  let ticks = 0;
  for (const [pid, usage] of processes) if (descends(pid, root, processes)) ticks += usage.ticks;
  return ticks * tickMs;
}

interface Usage {
  readonly parent: number;
  readonly ticks: number;
}

function readPids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** Reads the usage of a process. @returns undefined if it has ended in the meantime. */
function readUsage(pid: number): [[number, Usage]] | undefined {
  try {
    // After the command's closing bracket: state, parent, … and, from the 12th field, utime, stime, cutime, cstime.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ').map(Number) ?? [];
    const ticks = fields.slice(11, 15).reduce((sum, value) => sum + value, 0);
    return [[pid, { parent: fields[1] ?? 0, ticks }]];
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
