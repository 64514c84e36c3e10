import type { AttemptReport, RunningAttempt } from './workflow.ts';

const error = { type: 'WorkerLost', message: 'The worker was lost while it ran this attempt' };

/** What is known of an attempt whose worker was lost: what its last heartbeat told. */
export function lostAttempt({ heard_at, ...known }: RunningAttempt): AttemptReport {
  return { ...known, finished_at: heard_at, outcome: 'lost', error };
}
