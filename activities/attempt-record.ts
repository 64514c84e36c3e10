import type { JsonValue } from '../src/contract/json.ts';
import { maxCheckpointBytes } from '../src/contract/limits.ts';
import type { AttemptHeartbeat, AttemptReport, ErrorReport } from '../src/contract/workflow.ts';
import type { EarlierTries } from './earlier-tries.ts';
import { LogLines } from './log-lines.ts';
import type { Told } from './pool/messages.ts';

export interface RecordStart extends Omit<EarlierTries, 'lost' | 'unreported'> {
  readonly startedAt: Date;
  readonly worker: string;
}

/** What one attempt leaves behind: log lines, progress, checkpoint, and how it ended. */
export class AttemptRecord {
  readonly #start: RecordStart;
  readonly #onChange: () => void;
  readonly #log = new LogLines();
  #progress: AttemptHeartbeat['progress'];
  #checkpoint: JsonValue | null;
  /** The attempts up to this one stand in the workflow's record. */
  #reported: number;

  /** @param onChange called whenever there is something new to tell watchers. */
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

  /** Once the workflow has heard of an attempt's end. */
  reported(attempt: number): void {
    this.#reported = Math.max(this.#reported, attempt);
  }

  /** Takes down what the handler says. */
  take({ log = [], progress, checkpoint }: Told): void {
    for (const line of log) this.#log.add(line);
    if (checkpoint !== undefined) this.#keep(checkpoint);
    if (!progress) return;
    this.#progress = progress;
    this.#onChange();
  }

  #keep(checkpoint: string): void {
    // Bounded where it was written, unless a handler has gone behind our back.
    if (checkpoint.length > maxCheckpointBytes) return;
    try {
      this.#checkpoint = JSON.parse(checkpoint);
    } catch {
      // It has gone behind our back, and must not take the worker down with it: this is not JSON.
    }
  }

  heartbeat(): AttemptHeartbeat {
    const { attempt, startedAt, worker, handedBack, deferred } = this.#start;
    return {
      progress: this.#progress,
      checkpoint: this.#checkpoint,
      handed_back: handedBack,
      deferred,
      reported: this.#reported,
      current: {
        attempt,
        started_at: startedAt.toISOString(),
        worker,
        log: this.#log.list(),
        heard_at: new Date().toISOString(),
      },
    };
  }

  /** The last one of an attempt that was interrupted. */
  lastHeartbeat(outcome: 'handed_back' | 'lost'): AttemptHeartbeat {
    const { handedBack } = this.#start;
    const counted = outcome === 'handed_back' ? handedBack + 1 : handedBack;
    return { ...this.heartbeat(), handed_back: counted };
  }

  /** Of a try that never ran. */
  deferral(): AttemptHeartbeat {
    const { handedBack, deferred } = this.#start;
    return {
      progress: this.#progress,
      checkpoint: this.#checkpoint,
      handed_back: handedBack + 1,
      deferred: deferred + 1,
      reported: this.#reported,
    };
  }

  report(outcome: AttemptReport['outcome'], error: ErrorReport | null): AttemptReport {
    const { attempt, startedAt, worker } = this.#start;
    return {
      attempt,
      started_at: startedAt.toISOString(),
      finished_at: new Date().toISOString(),
      worker,
      outcome,
      error,
      log: this.#log.list(),
    };
  }
}
