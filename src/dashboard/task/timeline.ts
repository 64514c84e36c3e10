/** Derives what a task has been doing, run by run, from its history. */
import type { HistoryEntry } from '../../contract/history.ts';
import type { Task } from '../../contract/task.ts';
import { RunReader } from './run-reader.ts';
import type { RunTimeline } from './segments.ts';

/** Facts that the history does not contain. */
export type TimelineFacts = Pick<Task, 'scheduled_time' | 'after' | 'after_policy'>;

/**
 * Returns the timeline of each run, oldest first.
 * @param now milliseconds since the epoch, by the service's clock.
 */
export function timelineOf(
  entries: readonly HistoryEntry[],
  facts: TimelineFacts,
  now: number,
): RunTimeline[] {
  const runs = runsOf(entries);
  /**
   * Predecessors that have not ended. Shared by all runs: a later run does not wait for the same one again.
   */
  const left = new Set(facts.after);
  return runs.map((run, index) => {
    const next = runs[index + 1]?.[0];
    const isNewest = next === undefined;
    // A retry may have changed the scheduled time, and the history does not say what it was before.
    const scheduledAt = isNewest ? Date.parse(facts.scheduled_time) : undefined;
    const reader = new RunReader({ left, policy: facts.after_policy, scheduledAt });
    for (const entry of run) reader.read(entry);
    return reader.finish(isNewest ? now : Date.parse(next.at), isNewest);
  });
}

function runsOf(entries: readonly HistoryEntry[]): (readonly HistoryEntry[])[] {
  const runs = new Map<string, HistoryEntry[]>();
  for (const entry of entries) {
    const run = runs.get(entry.run_id);
    if (run) run.push(entry);
    else runs.set(entry.run_id, [entry]);
  }
  return [...runs.values()];
}
