import type { AttemptReport, RunningAttempt } from './workflow.ts';

const error = { type: 'WorkerLost', message: 'The worker was lost while it ran this attempt' };

/** Returns the report of an attempt whose worker was lost, from the attempt's last heartbeat. */
export function lostAttempt({ heard_at, ...known }: RunningAttempt): AttemptReport {
  return { ...known, finished_at: heard_at, outcome: 'lost', error };
}
