/** What is known about an activity's earlier tries, from the server's count of them and the last heartbeat. */
import type { Info } from '@temporalio/activity';
import type { JsonValue } from '../src/contract/json.ts';
import { lostAttempt } from '../src/contract/lost-attempt.ts';
import type { AttemptHeartbeat, AttemptInput, AttemptReport } from '../src/contract/workflow.ts';

export interface EarlierTries {
  /** Number of the attempt that starts now. */
  readonly attempt: number;
  readonly checkpoint: JsonValue | null;
  readonly progress: AttemptHeartbeat['progress'];
  readonly handedBack: number;
  readonly deferred: number;
  /** Number of attempts whose worker or process was lost. */
  readonly lost: number;
  /**
   * Number of these that count against the task: it was running, and may be the cause. A dispatch that never reached a
   * worker doesn't count, and an attempt that ran for an hour clears those before it.
   */
  readonly blamed: number;
  /** Number of the last losses of which no worker was heard. */
  readonly unheard: number;
  /** Number of the latest attempt reported to the workflow, which knows all attempts up to it. */
  readonly reported: number;
  /** Reports of earlier attempts that the workflow does not know of, oldest first. */
  readonly unreported: readonly AttemptReport[];
}

/** What the server says about the try that it has dispatched. */
export type DispatchedTry = Pick<Info, 'attempt' | 'scheduledTimestampMs' | 'heartbeatDetails'>;

export function earlierTries(
  info: DispatchedTry,
  input: Pick<AttemptInput, 'prior_attempts' | 'checkpoint'>,
): EarlierTries {
  const last = info.heartbeatDetails as AttemptHeartbeat | undefined;
  const deferred = last?.deferred ?? 0;
  const handedBack = last?.handed_back ?? 0;
  const attempt = input.prior_attempts + info.attempt - deferred;
  const lost = info.attempt - 1 - handedBack;
  // A heartbeat without this number is from a worker without the handler pool (before 744c3a6), which could
  // not report attempts.
  const reported = last ? (last.reported ?? attempt - 1) : input.prior_attempts;
  const numbers = Array.from(
    { length: Math.max(0, attempt - 1 - reported) },
    (_, index) => reported + 1 + index,
  );
  return {
    attempt,
    checkpoint: last?.checkpoint ?? input.checkpoint,
    progress: last?.progress ?? null,
    handedBack,
    deferred,
    lost,
    blamed: blamedLosses(last, lost),
    unheard: Math.max(0, lost - (last ? (last.lost ?? lost) + 1 : 0)),
    reported,
    unreported: numbers.map((number) => lostReport(number, info, last)),
  };
}

/** Run time after which an attempt is not suspected of having caused earlier losses, in milliseconds. */
const provenMs = 3_600_000;

/** Returns how many of the losses before an attempt count against the task, once it has run for a time. */
export function blamedAfter(ranMs: number, blamed: number): number {
  return ranMs >= provenMs ? 0 : blamed;
}

/** @param lost number of attempts lost until now, of which the one with the last heartbeat may be the last but some. */
function blamedLosses(last: AttemptHeartbeat | undefined, lost: number): number {
  if (!last) return 0;
  // A heartbeat without these numbers is from a worker that counted all losses.
  const { lost: before = lost, blamed = before, current, ended } = last;
  const wasRunning = current !== undefined && ended !== 'handed_back';
  const ranMs = current ? Date.parse(current.heard_at) - Date.parse(current.started_at) : 0;
  const blamedBefore = blamedAfter(ranMs, blamed);
  return wasRunning && lost > before ? blamedBefore + 1 : blamedBefore;
}

function lostReport(attempt: number, info: DispatchedTry, last: AttemptHeartbeat | undefined): AttemptReport {
  if (last?.current?.attempt === attempt) return lostAttempt(last.current);
  // Lost before its first heartbeat: all we know is when it may have started.
  const at = new Date(info.scheduledTimestampMs).toISOString();
  return lostAttempt({ attempt, started_at: at, heard_at: at, worker: '', log: [] });
}
