/**
 * Start and end of a handler process: waits until it is ready, learns how it ended, and kills what outlives
 * it.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FromHandler, fromHandler, type TypeRules } from './messages.ts';

const lastMessagesMs = 500;

/** The task types cannot be loaded. The message says why, and can be shown to users unchanged. */
export class TaskTypesError extends Error {
  override readonly name = 'TaskTypesError';
}

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Resolves with the rules of its task types once it can run handlers. */
export async function readiness(
  child: ChildProcess,
  end: Promise<ProcessEnd>,
  readyMs: number,
): Promise<ReadonlyMap<string, TypeRules>> {
  const late = setTimeout(() => killGroup(child), readyMs);
  try {
    const first = await Promise.race([announcement(child), failAt(end)]);
    if (first.type === 'ready') return new Map(Object.entries(first.types));
    throw new TaskTypesError(first.message);
  } finally {
    clearTimeout(late);
  }
}

/**
 * Waits for the message that says whether the task types could be loaded. Task modules may send other
 * messages.
 */
function announcement(child: ChildProcess): Promise<Extract<FromHandler, { type: 'ready' | 'unusable' }>> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.on('message', function listen(received) {
      const { data } = fromHandler.safeParse(received);
      if (data?.type !== 'ready' && data?.type !== 'unusable') return;
      child.off('message', listen);
      child.off('error', reject);
      resolve(data);
    });
  });
}

async function failAt(end: Promise<ProcessEnd>): Promise<never> {
  const { code, signal } = await end;
  throw new Error(`A handler process ended before it was ready (${signal ?? `exit code ${code}`})`);
}

/** Waits until a process has ended and its last messages are read; kills whatever its handler has started. */
export async function endOf(child: ChildProcess): Promise<ProcessEnd> {
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    // Without a pid, it could not be started. Other errors (an undelivered signal or message) come before its
    // exit.
    child.on('error', () => {
      if (child.pid === undefined) resolve();
    });
  });
  killSurvivors(child);
  // Its last messages may arrive after its exit. Wait only briefly: a process that left the group may keep
  // the output open.
  const lastWords = [
    ...(child.connected ? [once(child, 'disconnect')] : []),
    ...(child.stderr && !child.stderr.readableEnded ? [once(child.stderr, 'end')] : []),
  ];
  await Promise.race([Promise.all(lastWords), sleep(lastMessagesMs)]);
  return { code: child.exitCode, signal: child.signalCode };
}

/** Kills a process and whatever its handler has started: the process leads its own group. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // There is no group yet (the process is just being started), or the system has none.
    child.kill('SIGKILL');
  }
}

/** Kills the rest of the group of a process that ended by itself: a group outlives its leader. */
function killSurvivors({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // No survivors.
  }
}
