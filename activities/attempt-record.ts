import type { JsonValue } from '../src/contract/json.ts';
import { maxCheckpointBytes } from '../src/contract/limits.ts';
import type { AttemptHeartbeat, AttemptReport, ErrorReport } from '../src/contract/workflow.ts';
import type { EarlierTries } from './earlier-tries.ts';
import { LogLines } from './log-lines.ts';
import type { HandlerReport } from './pool/messages.ts';

export interface RecordStart extends Omit<EarlierTries, 'unreported' | 'unheard'> {
  readonly startedAt: number;
  readonly worker: string;
}

/** What one attempt leaves behind: log lines, progress, checkpoint, and how it ended. */
export class AttemptRecord {
  readonly #start: RecordStart;
  readonly #onChange: () => void;
  readonly #log = new LogLines();
  #progress: AttemptHeartbeat['progress'];
  #checkpoint: JsonValue | null;
  /** Number of the latest attempt in the workflow's record, which has all attempts up to it. */
  #reported: number;

  /** @param onChange called whenever there is something new for watchers. */
  constructor(start: RecordStart, onChange: () => void) {
    this.#start = start;
    this.#progress = start.progress;
    this.#checkpoint = start.checkpoint;
    this.#reported = start.reported;
    this.#onChange = onChange;
  }

  get checkpoint(): JsonValue | null {
    return this.#checkpoint;
  }

  /** Records that an attempt's end was reported to the workflow. */
  reported(attempt: number): void {
    this.#reported = Math.max(this.#reported, attempt);
  }

  /** Records what the handler reports. */
  take({ log = [], progress, checkpoint }: HandlerReport): void {
    for (const line of log) this.#log.add(line);
    if (checkpoint !== undefined) this.#keep(checkpoint);
    if (!progress) return;
    this.#progress = progress;
    this.#onChange();
  }

  #keep(checkpoint: string): void {
    // Its size was checked where it was written, unless the handler bypassed the check.
    if (checkpoint.length > maxCheckpointBytes) return;
    try {
      this.#checkpoint = JSON.parse(checkpoint);
    } catch {
      // Not JSON: the handler has bypassed our code, and must not take the worker down with it.
    }
  }

  heartbeat(): AttemptHeartbeat {
    const { attempt, startedAt, worker, handedBack, deferred, lost, blamed } = this.#start;
    return {
      progress: this.#progress,
      checkpoint: this.#checkpoint,
      handed_back: handedBack,
      deferred,
      lost,
      blamed,
      reported: this.#reported,
      current: {
        attempt,
        started_at: new Date(startedAt).toISOString(),
        worker,
        log: this.#log.list(),
        heard_at: new Date().toISOString(),
      },
    };
  }

  /** Returns the last heartbeat of an attempt that was interrupted. */
  lastHeartbeat(outcome: 'handed_back' | 'lost'): AttemptHeartbeat {
    const { handedBack } = this.#start;
    const counted = outcome === 'handed_back' ? handedBack + 1 : handedBack;
    return { ...this.heartbeat(), handed_back: counted, ended: outcome };
  }

  /** Returns the heartbeat of a try that never ran. */
  deferral(): AttemptHeartbeat {
    const { handedBack, deferred, lost, blamed } = this.#start;
    return {
      progress: this.#progress,
      checkpoint: this.#checkpoint,
      handed_back: handedBack + 1,
      deferred: deferred + 1,
      lost,
      blamed,
      reported: this.#reported,
    };
  }

  report(outcome: AttemptReport['outcome'], error: ErrorReport | null): AttemptReport {
    const { attempt, startedAt, worker } = this.#start;
    return {
      attempt,
      started_at: new Date(startedAt).toISOString(),
      finished_at: new Date().toISOString(),
      worker,
      outcome,
      error,
      log: this.#log.list(),
    };
  }
}
