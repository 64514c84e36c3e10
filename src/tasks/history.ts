/** The history of a task, read from the event histories of its runs. Needs no worker. */
import { ifFound, isNotFound } from '../contract/errors.ts';
import type { HistoryEntry } from '../contract/history.ts';
import type { TaskSpec } from '../contract/spec.ts';
import type { AttemptReport } from '../contract/workflow.ts';
import { loadTask } from './access.ts';
import type { Actor } from '../resources/actor.ts';
import { unreportedAttempt } from './attempts.ts';
import type { ServiceContext } from './context.ts';
import type { Execution, LiveExecution } from './execution.ts';
import { allRunsOf } from './rows.ts';
import { currentInput } from './spec.ts';
import type { TaskStore } from './store.ts';
import { RunHistory } from './run-history.ts';

/** The place of an entry: its run, and how many of that run's entries come before it. */
export interface HistoryPlace {
  readonly runId: string;
  readonly skip: number;
}

export interface HistoryRequest {
  readonly limit: number;
  /** Place of the first entry to return; undefined for the very first. */
  readonly from: HistoryPlace | undefined;
}

export interface HistoryPage {
  readonly entries: readonly HistoryEntry[];
  readonly next: HistoryPlace | undefined;
}

/** Returns entries oldest first, run by run. Runs that the namespace no longer keeps are left out. */
export async function readHistory(
  { store }: ServiceContext,
  actor: Actor,
  id: string,
  { limit, from }: HistoryRequest,
): Promise<HistoryPage> {
  const newest = await loadTask(store, actor, id);
  const runs = await runsOf(store, newest);
  const first = from ? runs.findIndex(({ runId }) => runId === from.runId) : 0;
  if (first === -1) return { entries: [], next: undefined };
  const entries: HistoryEntry[] = [];
  let before = await specBefore(store, runs[first - 1], from);
  for (const [index, run] of runs.slice(first).entries()) {
    const skip = index === 0 ? (from?.skip ?? 0) : 0;
    const runHistory = new RunHistory(run.runId, before, first + index > 0);
    let place = 0;
    for await (const entry of entriesOf(store, run, { newest, runHistory })) {
      if (entries.length === limit) return { entries, next: { runId: run.runId, skip: place } };
      if (place >= skip) entries.push(entry);
      place += 1;
    }
    before = runHistory.spec;
  }
  return { entries, next: undefined };
}

/** Returns the runs of a task, oldest first. Visibility may not list the newest one yet. */
async function runsOf(store: TaskStore, newest: LiveExecution): Promise<Execution[]> {
  const listed = await allRunsOf(store, newest.id);
  const older = listed.filter(
    ({ runId, startedAt }) => runId !== newest.runId && startedAt <= newest.startedAt,
  );
  return [...older.toSorted((a, b) => a.startedAt - b.startedAt || a.version - b.version), newest];
}

/**
 * Returns the spec of the run before the first one of a page, which shows what a retry has changed. Only a page that
 * begins with the retry needs it.
 */
async function specBefore(
  store: TaskStore,
  earlier: Execution | undefined,
  from: HistoryPlace | undefined,
): Promise<TaskSpec | undefined> {
  if (!earlier || from?.skip !== 0) return undefined;
  return ifFound(currentInput(store, earlier));
}

async function* entriesOf(
  store: TaskStore,
  { id, runId }: Execution,
  { newest, runHistory }: { readonly newest: LiveExecution; readonly runHistory: RunHistory },
): AsyncGenerator<HistoryEntry> {
  /** An interrupted attempt, and what came after it, until the next attempt: it may be reported once more. */
  let held: HistoryEntry[] = [];
  try {
    for await (const event of store.events(id, runId)) {
      for (const entry of runHistory.entriesOf(event)) {
        if (entry.attempt) {
          yield* held.map((each) => withLatestReport(each, runHistory.attempts));
          held = [];
        }
        if (held.length > 0 || isInterrupted(entry)) held.push(entry);
        else yield entry;
      }
    }
    yield* held.map((each) => withLatestReport(each, runHistory.attempts));
  } catch (error) {
    // The run was deleted, although the list still had it.
    if (isNotFound(error)) return;
    throw error;
  }
  const running = runId === newest.runId ? unreportedAttempt(newest, runHistory.attempts) : undefined;
  if (running) yield { at: running.started_at, type: 'attempt', run_id: runId, by: null, attempt: running };
}

function isInterrupted({ attempt }: HistoryEntry): boolean {
  return attempt?.outcome === 'lost' || attempt?.outcome === 'handed_back';
}

/** Takes the later of two reports of an attempt, as the attempts of the task do. */
function withLatestReport(entry: HistoryEntry, reports: readonly AttemptReport[]): HistoryEntry {
  const latest = reports.findLast(({ attempt }) => attempt === entry.attempt?.attempt);
  return latest ? { ...entry, attempt: latest } : entry;
}
